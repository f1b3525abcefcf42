import type { Call } from "@/api/types";

/** Calls that came by the tail and are kept: the newest 5,000. */
export const ringSize = 5_000;

/** Newest first, by when they began; of the same moment by id, as the server's lists are. */
export const byTime = (a: Call, b: Call): number =>
  a.at === b.at ? (a.id < b.id ? 1 : -1) : later(a.at, b.at) ? -1 : 1;

/**
 * Times of the server have up to six digits of a second and drop noughts at the end, so texts of different
 * lengths are compared by value first.
 */
function later(a: string, b: string): boolean {
  const x = Date.parse(a);
  const y = Date.parse(b);
  if (x !== y) return x > y;
  return fraction(a) > fraction(b);
}
const fraction = (at: string): string => (/\.(\d+)/.exec(at)?.[1] ?? "").padEnd(9, "0");

export interface Ring {
  calls: Call[];
  ids: Set<string>;
  /** Calls fell out at the old end: between the ring and the list below it some are missing. */
  over: boolean;
}

export const emptyRing: Ring = { calls: [], ids: new Set(), over: false };

/** The ring with calls that came, less those that are there or in `known`. The same ring when there are none. */
export function put(ring: Ring, came: Call[], known: (id: string) => boolean): Ring {
  const fresh = came.filter((c) => !ring.ids.has(c.id) && !known(c.id));
  if (fresh.length === 0) return ring;
  const all = [...fresh, ...ring.calls].sort(byTime);
  const calls = all.slice(0, ringSize);
  return {
    calls,
    ids: new Set(calls.map((c) => c.id)),
    over: ring.over || all.length > ringSize,
  };
}

/**
 * Calls of the tail put into a list where they belong: one that took long ends after others that began later.
 * Those that are older than all of a list that goes on are left out; they come with its next page.
 */
export function merge(fresh: Call[], list: Call[], goesOn: boolean): Call[] {
  const last = list.at(-1);
  const out: Call[] = [];
  let i = 0;
  for (const c of list) {
    for (; i < fresh.length && byTime(fresh[i] as Call, c) < 0; i++) out.push(fresh[i] as Call);
    out.push(c);
  }
  if (!goesOn || !last) out.push(...fresh.slice(i));
  return out;
}

/** What came by the tail: shown above the list, or held back while nothing may move. */
export interface Came {
  shown: Ring;
  held: Ring;
  /** Calls that were not told, because there were more than one can follow. */
  skipped: number;
}

export const nothingCame: Came = { shown: emptyRing, held: emptyRing, skipped: 0 };

export type News =
  | { do: "take"; calls: Call[]; skipped: number; still: boolean; known: (id: string) => boolean }
  | { do: "show"; known: (id: string) => boolean }
  | { do: "forget" };

export function came(before: Came, news: News): Came {
  switch (news.do) {
    case "forget":
      return nothingCame;
    case "take": {
      const { shown } = before;
      const known = (id: string) => shown.ids.has(id) || news.known(id);
      const to = news.still ? "held" : "shown";
      const next = put(before[to], news.calls, known);
      if (next === before[to] && news.skipped === 0) return before;
      return { ...before, [to]: next, skipped: before.skipped + news.skipped };
    }
    case "show": {
      if (before.held.calls.length === 0) return before;
      const shown = put(before.shown, before.held.calls, news.known);
      return { ...before, shown: { ...shown, over: shown.over || before.held.over }, held: emptyRing };
    }
  }
}
