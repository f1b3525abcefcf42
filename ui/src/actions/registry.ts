import type { LucideIcon } from "lucide-react";
import { isSingleKey, matches, overlap } from "./keys";

/** Where an action lives. A key of a narrower scope wins over the same key of a wider one. */
export const scopes = ["global", "list", "item", "notice"] as const;
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

/** Two actions of one scope that answer the same keys: one of them can't be reached. */
export interface Clash {
  keys: string;
  ids: [string, string];
}

/** The bindings of one scope that two actions claim, or of which one is the start of another. */
export function clashes(actions: Pick<Action, "id" | "keys" | "scope">[]): Clash[] {
  const found: Clash[] = [];
  for (const [i, a] of actions.entries()) {
    for (const b of actions.slice(i + 1)) {
      if (a.scope !== b.scope || a.id === b.id) continue;
      for (const x of a.keys ?? [])
        for (const y of b.keys ?? []) if (overlap(x, y)) found.push({ keys: x, ids: [a.id, b.id] });
    }
  }
  return found;
}

export class Registry {
  /** What is done about a clash; tests throw, the product says it in the console, where stories read it. */
  constructor(private onClash: (clash: Clash) => void = complain) {}

  /** Keys that the reader chose instead of those of the action; "" is none. */
  private chosen: Readonly<Record<string, string>> = {};
  private sets = new Map<symbol, Action[]>();
  private listeners = new Set<() => void>();
  private snapshot: Action[] = [];

  /**
   * Adds a set and answers how to take it away. An id that is there already is replaced as long as the later
   * set stays. Two ids of one scope with the same keys are a mistake.
   */
  add(actions: Action[]): () => void {
    const id = Symbol();
    this.sets.set(id, actions);
    this.changed();
    for (const clash of clashes(this.available())) this.onClash(clash);
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

  /** Takes over the keys that the reader chose. */
  choose(keys: Readonly<Record<string, string>>) {
    if (keys === this.chosen) return;
    this.chosen = keys;
    this.changed();
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

  /** The first binding that does this and nothing narrower: what a menu may show beside it. */
  keyOf(action: Action, singleKeys = true): string | undefined {
    return action.keys?.find((k) => {
      const found = this.resolve(k.split(" "), singleKeys);
      return found.kind === "run" && found.action.id === action.id;
    });
  }

  private changed() {
    this.snapshot = [...this.sets.values()]
      .reverse()
      .flat()
      .map((a) => withKeys(a, this.chosen[a.id]));
    for (const fn of this.listeners) fn();
  }
}

/** The keys of an action when the reader chose others for its first binding; "" takes that one away. */
export function keysWith(keys: string[] | undefined, chosen: string | undefined): string[] | undefined {
  if (chosen === undefined) return keys;
  const rest = keys?.slice(1) ?? [];
  return chosen ? [chosen, ...rest] : rest;
}

/** The action with keys of the reader's choice. Its getters stay: they answer for the last render. */
function withKeys(action: Action, chosen: string | undefined): Action {
  if (chosen === undefined) return action;
  return Object.create(action, {
    keys: { value: keysWith(action.keys, chosen), enumerable: true },
    hintKeys: { value: undefined, enumerable: true },
  }) as Action;
}

function complain({ keys, ids }: Clash) {
  console.error(`two actions of one scope answer "${keys}": ${ids.join(" and ")}`);
}

export const registry = new Registry();
