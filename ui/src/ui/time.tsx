import { createContext, useContext, useId, useRef, useSyncExternalStore } from "react";
import { ago, fullTime, shortTime } from "@/i18n/format";

/** The zone that times on the page are shown in: the launch's. Undefined is the reader's own. */
export const ZoneContext = createContext<string | undefined>(undefined);
export const useZone = (): string | undefined => useContext(ZoneContext);

let now = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(fn: () => void): () => void {
  watchers.add(fn);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const w of watchers) w();
  }, 30_000);
  return () => {
    watchers.delete(fn);
    if (watchers.size === 0 && timer) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, renewed every half minute; one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(watch, () => now);

export function Time({
  at,
  relative = false,
  className,
}: {
  at: string;
  relative?: boolean;
  className?: string;
}) {
  const zone = useZone();
  const current = useNow();
  return (
    <time dateTime={at} title={fullTime(at, zone)} className={className ?? "num"}>
      {relative ? ago(at, current) : shortTime(at, zone, current)}
    </time>
  );
}

/**
 * A time that says its other zones also to fingers and keys, which a title never reaches: press it, or come
 * to it by Tab. For the times that matter on a page, not for each row of a list.
 */
export function TimeButton({ at, relative = false }: { at: string; relative?: boolean }) {
  const zone = useZone();
  const id = useId();
  const bubble = useRef<HTMLSpanElement>(null);
  const show = (e: { currentTarget: HTMLElement }) => {
    const el = bubble.current;
    if (!el || el.matches(":popover-open")) return;
    el.showPopover();
    const from = e.currentTarget.getBoundingClientRect();
    const left = Math.max(8, Math.min(from.left, window.innerWidth - el.offsetWidth - 8));
    const below = from.bottom + 4 + el.offsetHeight < window.innerHeight;
    el.style.left = `${left}px`;
    el.style.top = `${below ? from.bottom + 4 : from.top - el.offsetHeight - 4}px`;
  };
  const hide = () => {
    if (bubble.current?.matches(":popover-open")) bubble.current.hidePopover();
  };
  return (
    <>
      <button
        type="button"
        aria-describedby={id}
        onClick={(e) => (bubble.current?.matches(":popover-open") ? hide() : show(e))}
        onFocus={(e) => (e.currentTarget.matches(":focus-visible") ? show(e) : undefined)}
        onBlur={hide}
        onKeyDown={(e) => (e.key === "Escape" ? hide() : undefined)}
        className="rounded-1 underline decoration-control decoration-dotted underline-offset-3 pointer-coarse:min-h-10"
      >
        <Time at={at} relative={relative} />
      </button>
      <span
        ref={bubble}
        id={id}
        popover="manual"
        role="tooltip"
        className="float fixed inset-auto m-0 px-2.5 py-1.5 text-meta whitespace-pre-line text-fg-2"
      >
        {fullTime(at, zone)}
      </span>
    </>
  );
}
