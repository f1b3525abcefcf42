import type { Accuracy } from "@/api/types";

type FieldAccuracy = Accuracy["fields"][number];

export interface Day {
  day: string;
  reviewed: number;
  corrected: number;
  /** Share that was right; undefined for a day without a review. */
  right: number | undefined;
}

const ms = 86_400_000;

/** Every day from the first to the last, also those of which the server has nothing to say. */
export function everyDay(days: FieldAccuracy["days"], since: string, until: string): Day[] {
  const known = new Map(days.map((d) => [d.day, d]));
  const out: Day[] = [];
  for (let at = Date.parse(`${since}T00:00:00Z`); at <= Date.parse(`${until}T00:00:00Z`); at += ms) {
    const day = new Date(at).toISOString().slice(0, 10);
    const d = known.get(day);
    out.push({ day, reviewed: d?.reviewed ?? 0, corrected: d?.corrected ?? 0, right: d?.right });
  }
  return out;
}

/** The line of the share that was right, in a box of 100 by 100 whose top is all: days without a review are passed over. */
export function rightLine(days: Day[]): string {
  const step = 100 / Math.max(1, days.length);
  let line = "";
  for (const [i, d] of days.entries()) {
    if (d.right === undefined) continue;
    line += `${line ? "L" : "M"}${((i + 0.5) * step).toFixed(2)} ${((1 - d.right) * 100).toFixed(2)}`;
  }
  return line;
}
