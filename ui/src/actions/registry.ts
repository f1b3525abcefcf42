import type { LucideIcon } from "lucide-react";
import { isSingleKey, matches } from "./keys";

/** Where an action lives. A key of a narrower scope wins over the same key of a wider one. */
export const scopes = ["global", "list", "item"] as const;
export type Scope = (typeof scopes)[number];

/**
 * One thing that can be done. The same entry feeds the keys, the palette, the `?` sheet, the hint bar and
 * the tooltips, so that none of them can disagree.
 */
export interface Action {
  id: string;
  /** Bindings as in keys.ts; the first is the one that is shown. */
  keys?: string[];
  scope: Scope;
  /** Whether it can be done now. Absent is always. */
  when?: () => boolean;
  label: string;
  /** A shorter word for the hint bar; absent keeps it out of the bar. */
  hint?: string;
  /** The caps that the hint bar shows when two actions share one hint, such as J and K to move. */
  hintKeys?: string[];
  /** Keeps it out of the palette: moving a cursor by palette makes no sense. */
  keysOnly?: boolean;
  icon?: LucideIcon;
  run: () => void;
}

export type Resolved = { kind: "run"; action: Action } | { kind: "wait" } | { kind: "none" };

export class Registry {
  private sets = new Map<symbol, Action[]>();
  private listeners = new Set<() => void>();
  private snapshot: Action[] = [];

  /** Adds a set and answers how to take it away. A later set wins over an earlier one of the same scope. */
  add(actions: Action[]): () => void {
    const id = Symbol();
    this.sets.set(id, actions);
    this.changed();
    return () => {
      this.sets.delete(id);
      this.changed();
    };
  }

  /** Every action, latest first; the same array until something changes. */
  all = (): Action[] => this.snapshot;

  subscribe = (fn: () => void): (() => void) => {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  };

  /** Actions that can be done now; an id that is there twice is the latest. */
  available(): Action[] {
    const seen = new Set<string>();
    return this.snapshot.filter((a) => {
      if (seen.has(a.id) || a.when?.() === false) return false;
      seen.add(a.id);
      return true;
    });
  }

  find(id: string): Action | undefined {
    return this.snapshot.find((a) => a.id === id);
  }

  /** What the presses so far mean. */
  resolve(pressed: string[], singleKeys = true): Resolved {
    let wait = false;
    for (const scope of [...scopes].reverse()) {
      for (const action of this.available()) {
        if (action.scope !== scope) continue;
        for (const binding of action.keys ?? []) {
          if (!singleKeys && isSingleKey(binding)) continue;
          const m = matches(binding, pressed);
          if (m === "full") return { kind: "run", action };
          if (m === "part") wait = true;
        }
      }
    }
    return wait ? { kind: "wait" } : { kind: "none" };
  }

  private changed() {
    this.snapshot = [...this.sets.values()].reverse().flat();
    for (const fn of this.listeners) fn();
  }
}

export const registry = new Registry();
