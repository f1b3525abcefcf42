/** Short messages at the foot of the page. Those that can be undone keep their undo for eight seconds. */
export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "error";
  undo?: () => void;
  /** Where what it tells of is. */
  open?: { label: string; go: () => void };
}

const life = 8000;
let list: Toast[] = [];
let next = 1;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function change(to: Toast[]) {
  list = to;
  for (const fn of listeners) fn();
}

function expire(id: number) {
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => toasts.dismiss(id), life),
  );
}

export const toasts = {
  list: (): Toast[] => list,
  subscribe(fn: () => void) {
    listeners.add(fn);
    return () => listeners.delete(fn);
  },
  show(text: string, options: Partial<Pick<Toast, "undo" | "tone" | "open">> = {}): number {
    const id = next++;
    change([
      ...list.slice(-2),
      { id, text, tone: options.tone ?? "plain", undo: options.undo, open: options.open },
    ]);
    expire(id);
    return id;
  },
  dismiss(id: number) {
    clearTimeout(timers.get(id));
    timers.delete(id);
    change(list.filter((x) => x.id !== id));
  },
  /** While it is pointed at or holds the focus a toast stays. */
  hold(id: number) {
    clearTimeout(timers.get(id));
  },
  release: expire,
  /** Undoes the latest that can be undone; false when there is none. */
  undoLatest(): boolean {
    const toast = [...list].reverse().find((x) => x.undo);
    if (!toast) return false;
    toasts.dismiss(toast.id);
    toast.undo?.();
    return true;
  },
};
