import type { ReactNode } from "react";
import { cx } from "./cx";

// Inside its edge: what scrolls cuts off what lies outside.
const ring = "focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-focus";

/** A named part of the page that scrolls by itself; it can be focused, so that arrow keys reach it. */
export function ScrollRegion({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section aria-label={label} tabIndex={0} className={cx("relative", className, ring)}>
      {children}
    </section>
  );
}
