import { createContext, useContext, useSyncExternalStore } from "react";
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
