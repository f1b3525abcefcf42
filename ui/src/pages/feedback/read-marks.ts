import { useSyncExternalStore } from "react";

/** Which feedback this browser has opened: the others carry a dot. The newest 3,000 are remembered. */
const key = "hc.read";
const most = 3000;

function load(): Set<string> {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(list) ? list.filter((x) => typeof x === "string") : []);
  } catch {
    return new Set();
  }
}

let read = load();
const listeners = new Set<() => void>();

export function markRead(id: string): void {
  if (read.has(id)) return;
  read = new Set([...read, id].slice(-most));
  try {
    localStorage.setItem(key, JSON.stringify([...read]));
  } catch {
    // Without storage the marks last as long as the page.
  }
  for (const fn of listeners) fn();
}

export const useRead = (): Set<string> =>
  useSyncExternalStore(
    (fn) => {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    () => read,
  );
