import type { LucideIcon } from "lucide-react";
import { t } from "@/i18n";
import type { Action } from "./registry";

export interface Entry {
  id: string;
  group: string;
  label: string;
  code?: string;
  icon?: LucideIcon;
  keys?: string;
  /** The label was written by somebody: it is not a word of ours. */
  user?: boolean;
  run: () => void;
}

/** The key of an issue when that is what was typed: "hc-12" and "HC 12" are HC-12. */
export function keyTyped(typed: string): string | undefined {
  const found = /^([a-z]{2,8})[-\s]?(\d{1,9})$/i.exec(typed.trim());
  return found ? `${found[1]?.toUpperCase()}-${found[2]}` : undefined;
}

/**
 * How well a label fits what was typed: 0 not at all; words that start with the typed words count more
 * than letters in between. Every typed word must be found.
 */
export function score(label: string, typed: string): number {
  const text = label.toLocaleLowerCase();
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let sum = 0;
  for (const w of words) {
    const at = text.indexOf(w);
    if (at < 0) return 0;
    const starts = at === 0 || /[\s,:(]/.test(text[at - 1] ?? "");
    sum += starts ? (at === 0 ? 3 : 2) : 1;
  }
  return words.length ? sum : 1;
}

/** The actions that fit, best first; what belongs to the page comes before what is always there. */
export function matchActions(actions: Action[], typed: string, keyOf = (a: Action) => a.keys?.[0]): Entry[] {
  return actions
    .filter((a) => !a.keysOnly)
    .map((action, i) => ({ action, i, s: score(action.label, typed) }))
    .filter((x) => x.s > 0)
    .sort(
      (a, b) =>
        Number(a.action.scope === "global") - Number(b.action.scope === "global") || b.s - a.s || a.i - b.i,
    )
    .map(({ action }) => ({
      id: action.id,
      group: action.scope === "global" ? t("palette.everywhere") : t("palette.here"),
      label: action.label,
      icon: action.icon,
      keys: keyOf(action),
      run: action.run,
    }));
}

/** Entries by group in the order of their first entry, each with its place in the whole list. */
export function groupEntries(
  entries: Entry[],
): { name: string; entries: { entry: Entry; index: number }[] }[] {
  const groups = new Map<string, { entry: Entry; index: number }[]>();
  entries.forEach((entry, index) => {
    const list = groups.get(entry.group);
    if (list) list.push({ entry, index });
    else groups.set(entry.group, [{ entry, index }]);
  });
  return [...groups].map(([name, list]) => ({ name, entries: list }));
}
