import { useEffect, useRef, useSyncExternalStore } from "react";

/** Code that is not part of the shell: it comes when it is first needed, or when the page has nothing to do. */
export interface Part<T> {
  /** What was loaded; undefined until then. */
  get: () => T | undefined;
  /** Starts loading; a failure is not remembered, so the next need tries again. */
  warm: () => Promise<void>;
  /** The same as a hook: loads when needed, and says so when that fails. */
  use: (needed: boolean, onFail: (why: unknown) => void) => T | undefined;
}

export function part<T>(load: () => Promise<T>): Part<T> {
  let loaded: T | undefined;
  let pending: Promise<void> | undefined;
  const listeners = new Set<() => void>();
  const get = () => loaded;
  const subscribe = (fn: () => void) => {
    listeners.add(fn);
    return () => listeners.delete(fn);
  };
  const warm = () => {
    pending ??= load().then(
      (found) => {
        loaded = found;
        for (const fn of listeners) fn();
      },
      (why: unknown) => {
        pending = undefined;
        throw why;
      },
    );
    return pending;
  };
  const use = (needed: boolean, onFail: (why: unknown) => void) => {
    const found = useSyncExternalStore(subscribe, get);
    const fail = useRef(onFail);
    useEffect(() => {
      fail.current = onFail;
    });
    const missing = needed && found === undefined;
    useEffect(() => {
      if (missing) warm().catch((why: unknown) => fail.current(why));
    }, [missing]);
    return found;
  };
  return { get, warm, use };
}

/** Loads parts one after the other once the page has been painted and has nothing else to do. */
export function warmWhenIdle(parts: Part<unknown>[]): () => void {
  let stopped = false;
  const run = async () => {
    for (const p of parts) {
      if (stopped) return;
      // A failure here costs nothing: the part is asked for again when somebody needs it.
      await p.warm().catch(() => undefined);
    }
  };
  const idle = window.requestIdleCallback ?? ((fn: () => void) => window.setTimeout(fn, 1500));
  idle(() => void run());
  return () => {
    stopped = true;
  };
}
