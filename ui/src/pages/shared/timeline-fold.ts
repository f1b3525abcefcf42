import type { TimelineEntry } from "@/api/types";

/** One line of a timeline: an entry, or several that say one thing. */
export interface Row {
  id: string;
  /** The entry whose sentence and time are shown. */
  entry: TimelineEntry;
  /** All it stands for, oldest first; the entry itself is among them. */
  of: TimelineEntry[];
  /** Of a decision with several parts: the one this line tells. */
  part?: string;
  /** Of a reading after another: what it says otherwise. */
  news?: string[];
}

/** Reports that one person joins in this time are one line. */
const joinWindow = 10 * 60_000;

/** Entries, oldest first, as the lines to draw. Nothing is lost: what is folded away opens with its line. */
export function foldTimeline(entries: TimelineEntry[]): Row[] {
  const rows: Row[] = [];
  for (const e of entries) {
    const into = foldsInto(rows, e);
    if (into) {
      into.of.push(e);
      into.entry = into.entry.kind === "read" ? into.entry : e;
      continue;
    }
    const parts = partsOf(e);
    if (parts.length === 0) rows.push({ id: e.id, entry: e, of: [e], news: newsOf(rows, e) });
    for (const part of parts) rows.push({ id: `${e.id} ${part}`, entry: e, of: [e], part });
  }
  return rows;
}

/** The line that already says what an entry says. */
function foldsInto(rows: Row[], e: TimelineEntry): Row | undefined {
  if (e.kind === "read") {
    return newsOf(rows, e)?.length === 0 ? lastReading(rows) : undefined;
  }
  const last = rows[rows.length - 1];
  if (!last || e.kind !== "changed" || last.entry.kind !== "changed") return undefined;
  if (last.entry.actor.id !== e.actor.id || last.entry.actor.name !== e.actor.name) return undefined;
  // Made by splitting: both lines are of one act.
  if (e.field === "split" && last.entry.field === "created" && last.of.length === 1) return last;
  const near = Date.parse(e.at) - Date.parse(last.of[0]?.at ?? e.at) <= joinWindow;
  return near && joins(e) && joins(last.entry) ? last : undefined;
}

/** Whether reports came to an issue, by nobody's undoing. */
const joins = (e: TimelineEntry): boolean =>
  e.field === "feedback" && Number(e.to) > Number(e.from || 0) && e.reason !== "Undone";

const lastReading = (rows: Row[]) => rows.findLast((r) => r.entry.kind === "read");

/** The fields that a reading changes of the one before; undefined for the first, and for all else. */
function newsOf(rows: Row[], e: TimelineEntry): string[] | undefined {
  const before = e.kind === "read" ? lastReading(rows)?.entry.outcome : undefined;
  if (!before) return undefined;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(e.outcome ?? {})])];
  return keys.filter((k) => JSON.stringify(before[k]) !== JSON.stringify(e.outcome?.[k]));
}

/** What a person decided at once is told one by one; a state and the issue that goes with it are one. */
function partsOf(e: TimelineEntry): string[] {
  if (e.kind !== "decided") return [];
  const keys = Object.keys(e.outcome ?? {});
  return keys.length > 1 ? keys.filter((k) => k !== "issue" || !keys.includes("state")).sort() : [];
}

/** How many reports a line of joined reports is about. */
export function joinedCount(row: Row): number {
  return row.of.reduce((n, e) => n + Number(e.to) - Number(e.from || 0), 0);
}

/** The reports that a line names, each once. */
export function reportsOf(row: Row): NonNullable<TimelineEntry["feedback"]> {
  const all = row.of.flatMap((e) => e.feedback ?? []);
  return [...new Map(all.map((f) => [f.id, f])).values()];
}

const shownAtOnce = 14;
const keptLast = 10;

/** Of a long timeline: how it began, how many lines are left out, and what came last. */
export function splitLong(rows: Row[], open: boolean): { first: Row[]; hidden: number; last: Row[] } {
  if (open || rows.length <= shownAtOnce) return { first: [], hidden: 0, last: rows };
  return {
    first: rows.slice(0, 1),
    hidden: rows.length - 1 - keptLast,
    last: rows.slice(rows.length - keptLast),
  };
}
