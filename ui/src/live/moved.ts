import { useSyncExternalStore } from "react";
import type { Feedback, Issue } from "@/api/types";

/**
 * What somebody else has just done to a row that stands in a list here. The row stays where it is, so that
 * nothing moves under the hands; it says what became of it until the list is read again or the cursor has
 * been there.
 */
export interface Moved {
  what:
    | "accepted"
    | "ignored"
    | "spam"
    | "new"
    | "later"
    | "closed"
    | "reopened"
    | "merged"
    | "gone"
    | "changed";
  by: string;
  /** The issue that it went to. */
  key: string;
  at: string;
  /** How it stood when the list was read: back there, it has not moved at all. */
  was: Moved["what"];
}

let moved: ReadonlyMap<string, Moved> = new Map();
const listeners = new Set<() => void>();

function put(next: ReadonlyMap<string, Moved>) {
  moved = next;
  for (const fn of listeners) fn();
}

export const movedRows = {
  get: (id: string): Moved | undefined => moved.get(id),
  /** Takes note of several rows at once; undefined forgets one. */
  note(changes: ReadonlyMap<string, Moved | undefined>) {
    if (changes.size === 0) return;
    const next = new Map(moved);
    for (const [id, m] of changes) {
      if (m) next.set(id, m);
      else next.delete(id);
    }
    put(next);
  },
  forget(ids: Iterable<string>) {
    const gone = [...ids].filter((id) => moved.has(id));
    if (gone.length) movedRows.note(new Map(gone.map((id) => [id, undefined])));
  },
  clear() {
    if (moved.size) put(new Map());
  },
};

const subscribe = (fn: () => void) => {
  listeners.add(fn);
  return () => listeners.delete(fn);
};

/** What happened to one row; draws anew only when it is about that row. */
export const useMoved = (id: string): Moved | undefined =>
  useSyncExternalStore(subscribe, () => moved.get(id));

/** Where a feedback stands, as far as lists part by it. */
const standOf = (f: Feedback): Moved["what"] =>
  f.state === "new" && f.snoozed_until && Date.parse(f.snoozed_until) > Date.now() ? "later" : f.state;

const standOfIssue = (i: Issue | undefined): Moved["what"] =>
  !i ? "gone" : i.merged_into ? "merged" : i.closed_at ? "closed" : "reopened";

/** What people decide of a row, to tell whether two readings of it say the same. */
const workOn = (f: Feedback) =>
  JSON.stringify([
    f.category,
    f.severity,
    f.sentiment,
    f.emotion,
    f.language,
    f.area,
    f.tags,
    f.assignee?.id,
    f.issue?.id,
  ]);

const workOnIssue = (i: Issue) =>
  JSON.stringify([
    i.title,
    i.description,
    i.stage,
    i.severity,
    i.category,
    i.area,
    i.owner?.id,
    i.tags,
    i.urgency,
  ]);

/**
 * What an event says happened to a feedback that was shown as `shown`, on top of what is known of it already;
 * undefined when it stands as it did when the list was read.
 */
export function moveOf(
  shown: Feedback,
  now: Feedback,
  known: Moved | undefined,
  who: Who,
): Moved | undefined {
  const key = now.issue?.key ?? "";
  return settle(standOf(shown), standOf(now), workOn(shown) !== workOn(now), known, { ...who, key });
}

/** The same for an issue; `now` is undefined when there is no such issue any more. */
export function moveOfIssue(
  shown: Issue,
  now: Issue | undefined,
  known: Moved | undefined,
  who: Who,
): Moved | undefined {
  const worked = now !== undefined && workOnIssue(shown) !== workOnIssue(now);
  const key = now?.merged_into?.key ?? "";
  return settle(standOfIssue(shown), standOfIssue(now), worked, known, { ...who, key });
}

export type Who = Pick<Moved, "by" | "at">;

function settle(
  shown: Moved["what"],
  stands: Moved["what"],
  worked: boolean,
  known: Moved | undefined,
  rest: Pick<Moved, "by" | "at" | "key">,
): Moved | undefined {
  const was = known?.was ?? shown;
  if (stands !== shown) return stands === was ? undefined : { what: stands, was, ...rest };
  // A correction of what has moved does not hide who moved it.
  if (!worked || (known && known.what !== "changed")) return known;
  return { what: "changed", was, ...rest };
}
