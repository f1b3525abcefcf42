import type { ReactNode, Ref } from "react";
import { cx } from "./cx";

// Inside its edge: what scrolls cuts off what lies outside.
const ring = "focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-focus";

/** A named part of the page that scrolls by itself; it can be focused, so that arrow keys reach it. */
export function ScrollRegion({
  label,
  className,
  ref,
  onScroll,
  children,
}: {
  label: string;
  className?: string;
  ref?: Ref<HTMLElement>;
  onScroll?: () => void;
  children: ReactNode;
}) {
  return (
    <section
      ref={ref}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
      tabIndex={0}
      onScroll={onScroll}
      className={cx("relative", className, ring)}
    >
      {children}
    </section>
  );
}
