import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Feedback, FeedbackPage, Issue, Me } from "@/api/types";
import type { EventOf, EventType, LiveEvent } from "./events";
import { callsOn } from "./mentions";
import { type Moved, movedRows, moveOf, moveOfIssue } from "./moved";
import { wroteLately } from "./own";

/** How many feedback arrived since the list of a launch was last read: drawn as a pill, never inserted. */
export const arrivedKey = (launch: string) => ["arrived", launch] as const;

/** The same for issues that were made since. */
export const issuesArrivedKey = (launch: string) => ["arrived-issues", launch] as const;

/** Set while a list is known to be out of date and waits for its reader to ask for it anew. */
export const changedKey = (list: "feedback-list" | "issue-list", launch: string) =>
  ["changed-elsewhere", list, launch] as const;

export type Key = readonly unknown[];

/** What is read again because of an event of a type, once a second at most and only while it is on a page. */
const follows: Partial<Record<EventType, string[]>> = {
  "feedback.created": ["feedback-facets", "launch", "launches", "proposals"],
  "feedback.updated": ["feedback-facets", "launch", "launches", "proposals", "accuracy", "decision-list"],
  "feedback.deleted": ["feedback-facets", "launch", "launches", "proposals", "accuracy", "decision-list"],
  "issue.created": ["launch", "launches", "board"],
  "issue.updated": ["launch", "launches", "board"],
  "import.progress": ["imports"],
  "launch.created": ["launches"],
  "launch.updated": ["launch", "launches"],
  "proposals.updated": ["proposals"],
  "rule.updated": ["rules"],
  "delivery.updated": ["delivery-list"],
  "channel.updated": ["channels", "channel"],
  "release.updated": ["releases"],
  "error.updated": ["errors", "error", "error-events", "error-feedback"],
  "message.updated": ["thread", "timeline"],
  "member.updated": ["users", "me"],
  "workspace.updated": ["me"],
  // A note may stand on the issue of its report too, and on what that was merged into.
  "note.created": ["timeline"],
  "note.updated": ["timeline"],
  "view.updated": ["views"],
  "alert.updated": ["alerts", "alert-counts"],
  "alertgroup.updated": ["alert-groups", "alert-group"],
  "rulegroup.updated": ["rule-groups"],
  "evidence.updated": ["evidence"],
  "gateway.published": ["gateway-outline", "gateway-document", "gateway-state", "publications"],
  "application.updated": ["applications", "plans"],
  "plan.updated": ["plans"],
  "rollout.created": ["rollouts", "gateway-state"],
  "rollout.updated": ["rollouts", "rollout", "gateway-state"],
};

/** What the command centre counts. */
const counted = /^(feedback|issue)\.|^launch\.updated/;

/**
 * Brings a batch of events into the cache: rows are patched where they stand, what arrived is counted, and
 * nothing is asked for. Answers what must be read again because its event did not bring it along.
 */
export function apply(cache: QueryClient, events: LiveEvent[]): Key[] {
  const stale = new Map<string, Key>();
  const again = (...key: Key) => stale.set(JSON.stringify(key), key);
  const feedback = new Map<string, Feedback>();
  const issues = new Map<string, Issue>();
  const news = new Map<string, Moved | undefined>();
  const before = rowsHere(cache);
  const me = cache.getQueryData<Me>(["me"])?.id;
  const isOwn = (e: LiveEvent) => e.by !== undefined && e.by.id === me && wroteLately();
  const known = (id: string) => (news.has(id) ? news.get(id) : movedRows.get(id));

  for (const e of events) {
    for (const key of follows[e.type] ?? []) again(key);
    // What was, as of the past, stays as it is.
    if (counted.test(e.type)) for (const key of ["pulse", "activity"]) again(key, e.launch_id, "now");
    switch (e.type) {
      case "feedback.created":
        count(cache, arrivedKey(e.launch_id ?? ""), e.count ?? 1);
        break;
      case "feedback.deleted":
        if (!isOwn(e)) outOfDate(cache, "feedback-list", e.launch_id);
        break;
      case "feedback.updated":
        followFeedback(e);
        break;
      case "issue.created": {
        const ids = idsOf(e).filter((id) => !before.issue(id));
        if (!isOwn(e))
          count(cache, issuesArrivedKey(e.launch_id ?? ""), ids.length || (e.ids ? 0 : (e.count ?? 1)));
        break;
      }
      case "issue.updated":
        followIssues(e);
        break;
      case "import.progress":
        if (e.id) again("import", e.id);
        break;
      case "mention.updated":
        if (me && callsOn(e.data, me)) again("mentions");
        break;
    }
  }

  function followFeedback(e: EventOf<"feedback.updated">) {
    const ids = idsOf(e);
    for (const key of [["feedback"], ["feedback-related"], ["timeline", "feedback"]]) {
      for (const id of ids) again(...key, id);
      if (ids.length === 0) again(...key);
    }
    const rows = e.data?.items ?? [];
    for (const row of rows) {
      const shown = feedback.get(row.id) ?? before.feedback(row.id);
      if (isOwn(e)) news.set(row.id, undefined);
      else if (shown && e.by)
        news.set(row.id, moveOf(shown, row, known(row.id), { by: e.by.name, at: e.at }));
      feedback.set(row.id, row);
    }
    // The engine reads again what it read: no reason to ask people to look.
    const brought = new Set(rows.map((r) => r.id));
    const missing = ids.length === 0 || ids.some((id) => !brought.has(id) && before.feedback(id));
    if (missing && e.by && !isOwn(e)) outOfDate(cache, "feedback-list", e.launch_id);
  }

  function followIssues(e: EventOf<"issue.updated">) {
    const rows = new Map((e.data?.items ?? []).map((i) => [i.id, i]));
    const ids = idsOf(e);
    for (const key of ["issue", "issue-feedback", "issue-reporters"]) {
      if (ids.length === 0 || !e.data) again(key);
      for (const id of ids) {
        again(key, id);
        const name = rows.get(id)?.key ?? before.issue(id)?.key;
        if (name) again(key, name);
      }
    }
    // The timeline of an issue also tells of those that were merged into it.
    again("timeline", "issue");
    for (const id of ids) {
      const shown = issues.get(id) ?? before.issue(id);
      const row = rows.get(id);
      if (isOwn(e)) news.set(id, undefined);
      else if (shown && e.data && e.by)
        news.set(id, moveOfIssue(shown, row, known(id), { by: e.by.name, at: e.at }));
      if (row) issues.set(id, row);
    }
    if ((ids.length === 0 || !e.data) && !isOwn(e)) outOfDate(cache, "issue-list", e.launch_id);
  }

  if (feedback.size) putRows(cache, feedback);
  if (issues.size) putIssues(cache, issues);
  movedRows.note(news);
  return [...stale.values()];
}

/** Everything that changed, as far as the event names it; none when it was too much to name. */
const idsOf = (e: LiveEvent): string[] => e.ids ?? (e.id ? [e.id] : []);

function count(cache: QueryClient, key: Key, n: number) {
  if (n > 0) cache.setQueryData<number>(key, (sum = 0) => sum + n);
}

function outOfDate(cache: QueryClient, list: "feedback-list" | "issue-list", launch = "") {
  cache.setQueryData(changedKey(list, launch), true);
}

/** Marks every list as out of date and everything else to be read again: events were lost. */
export function catchUp(cache: QueryClient): void {
  const lists = ["feedback-list", "issue-list"] as const;
  void cache.invalidateQueries({
    predicate: (q) => !lists.includes(q.queryKey[0] as (typeof lists)[number]),
  });
  for (const list of lists) {
    for (const [key] of cache.getQueriesData({ queryKey: [list] })) outOfDate(cache, list, String(key[1]));
    void cache.invalidateQueries({ queryKey: [list], refetchType: "none" });
  }
}

/** Asks again for what could not be had while the line was cut. */
export function askAgain(cache: QueryClient): void {
  void cache.refetchQueries({ type: "active", predicate: (q) => q.state.status === "error" });
}

/** A list as the cache has it: page after page, or the first page alone where it is shown in parts. */
type Rows<T> = InfiniteData<{ items: T[] }> | { items: T[] };
const pagesOf = <T>(data: Rows<T> | undefined): { items: T[] }[] =>
  data ? ("pages" in data ? data.pages : [data]) : [];

/** Rows as the lists and open pages show them now. Looked up at the first question only. */
function rowsHere(cache: QueryClient) {
  const index = <T extends { id: string }>(list: string, one: string) => {
    let rows: Map<string, T> | undefined;
    return (id: string): T | undefined => {
      if (!rows) {
        rows = new Map();
        for (const [, data] of cache.getQueriesData<Rows<T>>({ queryKey: [list] })) {
          for (const page of pagesOf(data)) for (const row of page.items) rows.set(row.id, row);
        }
        for (const [, row] of cache.getQueriesData<T>({ queryKey: [one] })) if (row) rows.set(row.id, row);
      }
      return rows.get(id);
    };
  };
  return {
    feedback: index<Feedback>("feedback-list", "feedback"),
    issue: index<Issue>("issue-list", "issue"),
  };
}

/** Changes rows in every list that shows them, in place; lists and pages without them stay the same. */
function changeRows<T extends { id: string }>(
  cache: QueryClient,
  list: string,
  changed: ReadonlyMap<string, unknown>,
  change: (row: T) => T,
) {
  cache.setQueriesData<Rows<T>>({ queryKey: [list] }, (data) => {
    if (!pagesOf(data).some((page) => page.items.some((i) => changed.has(i.id)))) return data;
    const put = <P extends { items: T[] }>(page: P): P => ({
      ...page,
      items: page.items.map((i) => (changed.has(i.id) ? change(i) : i)),
    });
    return data && ("pages" in data ? { ...data, pages: data.pages.map(put) } : put(data));
  });
}

/** What a row lacks when it has none; the open item is more than its row, so it is not replaced by it. */
const optional = { issue: undefined, assignee: undefined, snoozed_until: undefined, triaged_at: undefined };

function putRows(cache: QueryClient, rows: ReadonlyMap<string, Feedback>) {
  changeRows<Feedback>(cache, "feedback-list", rows, (i) => rows.get(i.id) ?? i);
  for (const [id, row] of rows) {
    cache.setQueryData<Feedback>(["feedback", id], (f) => (f ? { ...f, ...optional, ...row } : f));
  }
}

function putIssues(cache: QueryClient, rows: ReadonlyMap<string, Issue>) {
  changeRows<Issue>(cache, "issue-list", rows, (i) => rows.get(i.id) ?? i);
  for (const [id, row] of rows) {
    for (const name of [id, row.key]) {
      cache.setQueryData<Issue>(["issue", name], (i) => (i ? { ...row, merged: i.merged } : i));
    }
  }
}

/** Puts what changed of a feedback into every list that shows it, in place. */
export function patchRows(cache: QueryClient, changed: Pick<Feedback, "id"> & Partial<Feedback>): void {
  const one = new Map([[changed.id, changed]]);
  changeRows<Feedback>(cache, "feedback-list", one, (i) => ({ ...i, ...changed }));
  cache.setQueryData<Feedback>(["feedback", changed.id], (f) => (f ? { ...f, ...changed } : f));
}

/** Takes rows out of the lists of one launch; answers how to put everything back as it was. */
export function removeRows(cache: QueryClient, launch: string, ids: string[]): () => void {
  const gone = new Set(ids);
  const before = cache.getQueriesData<InfiniteData<FeedbackPage>>({ queryKey: ["feedback-list", launch] });
  for (const [key] of before) {
    const filter = key[2] as { tab?: string } | undefined;
    if (filter?.tab === "all") continue;
    cache.setQueryData<InfiniteData<FeedbackPage>>(key, (data) =>
      data
        ? {
            ...data,
            pages: data.pages.map((p) => ({ ...p, items: p.items.filter((i) => !gone.has(i.id)) })),
          }
        : data,
    );
  }
  return () => {
    for (const [key, data] of before) cache.setQueryData(key, data);
  };
}
