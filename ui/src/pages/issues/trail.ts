import type { BoardFilter, IssueFilter } from "@/api/issue-filter";

/** The list that an issue was opened from, so that its page can go up and down in it and back to it. */
export type Trail = {
  launch: string;
  keys: string[];
  /** How many the list has in all, shown or not. */
  total: number;
} & ({ page: "issues"; search: IssueFilter } | { page: "board"; search: BoardFilter });

const name = "hypercare-trail";
const most = 2000;
let last: Trail | undefined;

/** Kept for this tab: a reload keeps the place, another tab has its own. */
export function leaveTrail(trail: Trail): void {
  last = { ...trail, keys: trail.keys.slice(0, most) };
  try {
    sessionStorage.setItem(name, JSON.stringify(last));
  } catch {
    // Storage is full or forbidden: the trail lasts as long as the page.
  }
}

export function trailOf(launch: string): Trail | undefined {
  if (!last) {
    try {
      last = JSON.parse(sessionStorage.getItem(name) ?? "null") ?? undefined;
    } catch {
      return undefined;
    }
  }
  return last?.launch === launch ? last : undefined;
}

/** Where an issue stands in a list, and its neighbours. */
export function placeIn(keys: string[], key: string, total: number) {
  const at = keys.indexOf(key);
  if (at < 0) return undefined;
  return { at: at + 1, of: Math.max(total, keys.length), before: keys[at - 1], after: keys[at + 1] };
}
