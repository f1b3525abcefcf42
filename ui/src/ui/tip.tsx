import { type ReactNode, useId, useRef } from "react";

/**
 * A few words on demand about what it holds: shown while that is pointed at or has the focus, put away by
 * Escape, and tied to it for screen readers by `describedby`. It lies in the top layer, so nothing clips it.
 */
export function Tip({
  content,
  children,
  className,
}: {
  content: ReactNode;
  children: (describedby: string) => ReactNode;
  className?: string;
}) {
  const id = useId();
  const anchor = useRef<HTMLSpanElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  const show = () => {
    const el = tip.current;
    if (!el || !anchor.current || el.matches(":popover-open")) return;
    el.showPopover();
    const at = anchor.current.getBoundingClientRect();
    const size = el.getBoundingClientRect();
    const below = at.bottom + 6 + size.height <= window.innerHeight;
    el.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - 6 - size.height)}px`;
    el.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8))}px`;
  };
  const hide = () => {
    if (tip.current?.matches(":popover-open")) tip.current.hidePopover();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only listens to what happens to the control within
    <span
      ref={anchor}
      className={className}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onBlur={hide}
      onKeyDown={(e) => {
        if (e.key !== "Escape" || !tip.current?.matches(":popover-open")) return;
        e.stopPropagation();
        hide();
      }}
    >
      {children(id)}
      <span
        ref={tip}
        id={id}
        role="tooltip"
        popover="manual"
        className="float fixed inset-auto m-0 w-max max-w-72 px-2.5 py-1.5 text-dense text-fg"
      >
        {content}
      </span>
    </span>
  );
}
