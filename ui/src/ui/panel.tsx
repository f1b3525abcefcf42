import type { ReactNode } from "react";
import { cx } from "./cx";

/** A titled box: hairline, no shadow. */
export function Panel({
  title,
  note,
  actions,
  className,
  children,
}: {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  return (
    <section className={cx("min-w-0 overflow-hidden rounded-3 border border-line bg-surface", className)}>
      {title ? (
        <header className="flex min-h-9 flex-wrap items-center gap-x-2 px-3 py-1">
          <h2 className="text-body font-semibold tracking-[-0.003em]">{title}</h2>
          {note ? <span className="text-fg-2">{note}</span> : null}
          {actions ? <span className="ml-auto flex items-center gap-2">{actions}</span> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}

/** Name and value rows, as in the facts column. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[minmax(82px,max-content)_minmax(0,1fr)] gap-x-1 gap-y-px text-dense">
      {children}
    </dl>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="flex min-h-6 items-center text-fg-3">{name}</dt>
      <dd className="flex min-h-6 min-w-0 flex-wrap items-center gap-1.5">{children}</dd>
    </>
  );
}
