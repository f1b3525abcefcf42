import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import type { Feedback, FeedbackPage, Issue, IssuePage } from "@/api/types";
import {
  apply,
  arrivedKey,
  askAgain,
  catchUp,
  changedKey,
  issuesArrivedKey,
  patchRows,
  removeRows,
} from "./cache";
import type { EventOf, EventType, LiveEvent } from "./events";
import { movedRows } from "./moved";
import { forgetWrites, wrote } from "./own";

const row = (id: string, more: Partial<Feedback> = {}) =>
  ({ id, state: "new", category: "bug", tags: [], ...more }) as Feedback;
const issue = (id: string, more: Partial<Issue> = {}) =>
  ({ id, key: id.toUpperCase(), title: id, stage: "triage", tags: [], priority: 1, ...more }) as Issue;
const listKey = (tab?: string) => ["feedback-list", "la_1", { tab }];
const issuesKey = ["issue-list", "la_1", {}];
const sam = { id: "sam", name: "Sam Rivera" };

function filled(): QueryClient {
  const cache = new QueryClient();
  cache.setQueryData(["me"], { id: "me", name: "Me" });
  for (const tab of [undefined, "all"]) {
    cache.setQueryData(listKey(tab), {
      pages: [{ items: [row("a"), row("b")] }, { items: [row("c")] }],
      pageParams: ["", "1"],
    });
  }
  cache.setQueryData(issuesKey, { pages: [{ items: [issue("i1"), issue("i2")] }], pageParams: [""] });
  return cache;
}
const pages = (cache: QueryClient, tab?: string) =>
  cache.getQueryData<{ pages: FeedbackPage[] }>(listKey(tab))?.pages ?? [];
const items = (cache: QueryClient, tab?: string) => pages(cache, tab).flatMap((p) => p.items);
const ids = (cache: QueryClient, tab?: string) => items(cache, tab).map((i) => i.id);
const issues = (cache: QueryClient) =>
  cache.getQueryData<{ pages: IssuePage[] }>(issuesKey)?.pages.flatMap((p) => p.items) ?? [];

const event = <T extends EventType>(type: T, more: Partial<EventOf<T>> = {}): LiveEvent =>
  ({ type, launch_id: "la_1", at: "2026-11-26T14:05:00Z", ...more }) as unknown as LiveEvent;
const updated = (rows: Feedback[], by: typeof sam | undefined = sam) =>
  event("feedback.updated", { ids: rows.map((r) => r.id), count: rows.length, by, data: { items: rows } });

beforeEach(() => {
  movedRows.clear();
  forgetWrites();
});

test("rows leave the queue, stay under All, and come back when it was refused", () => {
  const cache = filled();
  const putBack = removeRows(cache, "la_1", ["a", "c"]);
  expect(ids(cache)).toEqual(["b"]);
  expect(ids(cache, "all")).toEqual(["a", "b", "c"]);
  putBack();
  expect(ids(cache)).toEqual(["a", "b", "c"]);
});

test("a change is put into every list that shows the row, and no other row is made anew", () => {
  const cache = filled();
  const before = pages(cache)[1];
  patchRows(cache, { id: "a", category: "data" });
  expect(items(cache, "all")[0]?.category).toBe("data");
  expect(pages(cache)[1]).toBe(before);
});

test("arrivals are counted by launch and never put into the list", () => {
  const cache = filled();
  const arrived = (id: string, launch: string) => event("feedback.created", { id, launch_id: launch });
  apply(cache, [arrived("x", "la_1"), arrived("y", "la_1"), arrived("z", "la_2")]);
  apply(cache, [arrived("w", "la_1")]);
  expect(cache.getQueryData([...arrivedKey("la_1")])).toBe(3);
  expect(cache.getQueryData([...arrivedKey("la_2")])).toBe(1);
  expect(ids(cache)).toEqual(["a", "b", "c"]);
});

test("what a colleague did is put into the row where it stands, with who did it, and nothing is asked for", () => {
  const cache = filled();
  const asked = vi.spyOn(cache, "invalidateQueries");
  cache.setQueryData(["feedback", "a"], { ...row("a"), text: "Whole text" });
  apply(cache, [updated([row("a", { state: "accepted", issue: { id: "x", key: "HC-7", title: "" } })])]);
  expect(ids(cache)).toEqual(["a", "b", "c"]);
  expect(items(cache)[0]?.state).toBe("accepted");
  expect(cache.getQueryData<Feedback>(["feedback", "a"])).toMatchObject({
    state: "accepted",
    text: "Whole text",
  });
  expect(movedRows.get("a")).toMatchObject({ what: "accepted", by: "Sam Rivera", key: "HC-7" });
  expect(asked).not.toHaveBeenCalled();
});

test("what a row has no more is gone from it", () => {
  const cache = filled();
  const joined = { state: "accepted", issue: { id: "x", key: "HC-7", title: "" } } as Partial<Feedback>;
  cache.setQueryData(["feedback", "a"], row("a", joined));
  apply(cache, [updated([row("a", joined)])]);
  apply(cache, [updated([row("a")])]);
  expect(items(cache)[0]?.issue).toBeUndefined();
  expect(cache.getQueryData<Feedback>(["feedback", "a"])?.issue).toBeUndefined();
});

test("undone it has not moved; a correction by a third does not hide who moved it", () => {
  const cache = filled();
  apply(cache, [updated([row("a", { state: "ignored" })])]);
  apply(cache, [updated([row("a", { state: "ignored", category: "data" })], { id: "lea", name: "Lea" })]);
  expect(movedRows.get("a")).toMatchObject({ what: "ignored", by: "Sam Rivera" });
  apply(cache, [updated([row("a")])]);
  expect(movedRows.get("a")).toBeUndefined();
});

test("a correction, a snooze and the engine's own second reading are told apart", () => {
  const cache = filled();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  apply(cache, [
    updated([row("a", { severity: "sev1" })]),
    updated([row("b", { snoozed_until: tomorrow })]),
    updated([row("c", { category: "praise" })], undefined),
    event("feedback.updated", { ids: ["c"], data: { items: [row("c", { category: "praise" })] } }),
  ]);
  expect(movedRows.get("a")?.what).toBe("changed");
  expect(movedRows.get("b")?.what).toBe("later");
  const quiet = filled();
  movedRows.clear();
  apply(quiet, [
    event("feedback.updated", { ids: ["c"], data: { items: [row("c", { category: "praise" })] } }),
  ]);
  expect(items(quiet)[2]?.category).toBe("praise");
  expect(movedRows.get("c")).toBeUndefined();
});

test("what this tab did itself is no news, and in another tab of the same person it is", () => {
  const mine = updated([row("a", { state: "accepted" })], { id: "me", name: "Me" });
  const many = event("feedback.updated", { count: 40, by: { id: "me", name: "Me" } });
  const here = filled();
  wrote();
  apply(here, [mine, many]);
  expect(movedRows.get("a")).toBeUndefined();
  expect(here.getQueryData([...changedKey("feedback-list", "la_1")])).toBeUndefined();
  forgetWrites();
  const there = filled();
  apply(there, [mine, many]);
  expect(movedRows.get("a")?.by).toBe("Me");
  expect(there.getQueryData([...changedKey("feedback-list", "la_1")])).toBe(true);
});

test("too much to name marks the list and moves nothing; the engine's own work does not", () => {
  const cache = filled();
  apply(cache, [event("feedback.updated", { count: 300 })]);
  expect(cache.getQueryData([...changedKey("feedback-list", "la_1")])).toBeUndefined();
  apply(cache, [event("feedback.updated", { count: 300, by: sam })]);
  expect(cache.getQueryData([...changedKey("feedback-list", "la_1")])).toBe(true);
  expect(ids(cache)).toEqual(["a", "b", "c"]);
});

test("rows that were named but not brought mark a list only when they stand in it", () => {
  const cache = filled();
  apply(cache, [event("feedback.updated", { ids: ["elsewhere"], id: "elsewhere", by: sam })]);
  expect(cache.getQueryData([...changedKey("feedback-list", "la_1")])).toBeUndefined();
  apply(cache, [event("feedback.updated", { ids: ["b"], id: "b", by: sam })]);
  expect(cache.getQueryData([...changedKey("feedback-list", "la_1")])).toBe(true);
});

test("issues are patched in place by id and by key, closed and merged ones stay where they are", () => {
  const cache = filled();
  cache.setQueryData(["issue", "I1"], { ...issue("i1"), merged: [{ id: "old", key: "HC-1", title: "" }] });
  const change = (more: Partial<EventOf<"issue.updated">>) =>
    apply(cache, [event("issue.updated", { by: sam, ...more })]);
  change({ ids: ["i1"], data: { items: [issue("i1", { title: "New", priority: 9 })] } });
  expect(issues(cache).map((i) => i.title)).toEqual(["New", "i2"]);
  expect(cache.getQueryData<Issue>(["issue", "I1"])).toMatchObject({
    title: "New",
    merged: [{ key: "HC-1" }],
  });
  expect(movedRows.get("i1")?.what).toBe("changed");
  change({ ids: ["i1"], data: { items: [issue("i1", { closed_at: "2026-11-26T14:00:00Z" })] } });
  change({
    ids: ["i2"],
    data: { items: [issue("i2", { merged_into: { id: "i1", key: "HC-3", title: "" } })] },
  });
  expect(issues(cache).map((i) => i.id)).toEqual(["i1", "i2"]);
  expect([movedRows.get("i1")?.what, movedRows.get("i2")]).toMatchObject([
    "closed",
    { what: "merged", key: "HC-3" },
  ]);
  change({ ids: ["i1"], data: { items: [] } });
  expect(movedRows.get("i1")?.what).toBe("gone");
});

test("issues made elsewhere are counted, those that stand in the list already are not", () => {
  const cache = filled();
  apply(cache, [
    event("issue.created", { ids: ["i9"], id: "i9", by: sam }),
    event("issue.created", { ids: ["i1"], id: "i1", by: sam }),
    event("issue.created", { count: 30, by: sam }),
  ]);
  expect(cache.getQueryData([...issuesArrivedKey("la_1")])).toBe(31);
});

test("a thousand events of one kind are few things to read again, and the open item is among them", () => {
  const cache = filled();
  const stale = apply(
    cache,
    Array.from({ length: 1000 }, () => event("import.progress", { id: "im_1" })),
  );
  expect(stale).toEqual([["imports"], ["import", "im_1"]]);
  expect(apply(cache, [updated([row("a")])])).toContainEqual(["feedback", "a"]);
});

test("what could not be had while the line was cut is asked for when it is back", async () => {
  const cache = filled();
  let cut = true;
  const queryFn = vi.fn(async () => {
    if (cut) throw new Error("cut");
    return 1;
  });
  const watch = new QueryObserver(cache, { queryKey: ["launch", "x"], queryFn, retry: false });
  const other = vi.fn(async () => 1);
  const fine = new QueryObserver(cache, { queryKey: ["launch", "y"], queryFn: other, retry: false });
  const stop = [watch.subscribe(() => undefined), fine.subscribe(() => undefined)];
  await vi.waitFor(() => expect(watch.getCurrentResult().isError).toBe(true));
  cut = false;
  askAgain(cache);
  await vi.waitFor(() => expect(watch.getCurrentResult().data).toBe(1));
  expect(other).toHaveBeenCalledTimes(1);
  for (const fn of stop) fn();
});

test("after lost events everything is read again but the lists, which say so and wait", async () => {
  const cache = filled();
  cache.setQueryData(["launch", "la_1"], {});
  const state = (key: readonly unknown[]) => cache.getQueryState([...key])?.isInvalidated;
  catchUp(cache);
  expect(state(["launch", "la_1"])).toBe(true);
  expect(state(listKey())).toBe(true);
  expect(cache.getQueryState(listKey())?.fetchStatus).toBe("idle");
  expect(cache.getQueryData([...changedKey("feedback-list", "la_1")])).toBe(true);
  expect(cache.getQueryData([...changedKey("issue-list", "la_1")])).toBe(true);
  expect(ids(cache)).toEqual(["a", "b", "c"]);
});
