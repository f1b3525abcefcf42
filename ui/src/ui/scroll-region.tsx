import type { ReactNode, Ref } from "react";

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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section ref={ref} aria-label={label} tabIndex={0} onScroll={onScroll} className={className}>
      {children}
    </section>
  );
}
