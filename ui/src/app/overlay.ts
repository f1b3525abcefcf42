import { useSyncExternalStore } from "react";

/** Which of the panels of the shell is open. They exclude each other. */
type Overlay = "palette" | "keys" | "mentions" | "note" | undefined;

let open: Overlay;
const listeners = new Set<() => void>();

function set(to: Overlay) {
  open = to;
  for (const fn of listeners) fn();
}

export const overlays = {
  show: (which: NonNullable<Overlay>) => set(which),
  close: () => set(undefined),
};

export const useOverlay = (): Overlay =>
  useSyncExternalStore(
    (fn) => {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    () => open,
  );
