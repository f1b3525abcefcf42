import type { QueryClient } from "@tanstack/react-query";
import { apply, type Key } from "./cache";
import type { LiveEvent } from "./events";

/** What has to be read again is asked for this often at most, however much happens. */
const every = 1_000;
/** Where no frames are drawn, because the tab is hidden, events are gathered this long. */
const hidden = 250;

const frame = (fn: () => void): void => {
  if (typeof document !== "undefined" && document.visibilityState === "visible") requestAnimationFrame(fn);
  else setTimeout(fn, hidden);
};

/**
 * Brings events into the cache: all that came since the last frame at once, so that a thousand of them are one
 * drawing, and no request for any of them alone. What an event does not bring along is read again at once when
 * nothing was for a second, and else when that second is over.
 */
export function followEvents(cache: QueryClient, nextFrame = frame) {
  let waiting: LiveEvent[] = [];
  let stopped = false;
  const stale = new Map<string, Key>();
  let asked = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = () => {
    timer = undefined;
    asked = Date.now();
    for (const key of stale.values()) void cache.invalidateQueries({ queryKey: key });
    stale.clear();
  };
  const flush = () => {
    if (stopped) return;
    const events = waiting;
    waiting = [];
    for (const key of apply(cache, events)) stale.set(JSON.stringify(key), key);
    if (stale.size && timer === undefined) {
      const wait = asked + every - Date.now();
      if (wait <= 0) ask();
      else timer = setTimeout(ask, wait);
    }
  };
  return {
    push(event: LiveEvent) {
      if (waiting.push(event) === 1) nextFrame(flush);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
