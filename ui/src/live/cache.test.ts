import { QueryClient } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { Feedback, FeedbackPage } from "@/api/types";
import { apply, arrivedKey, patchRows, removeRows } from "./cache";
import type { LiveEvent } from "./events";

const row = (id: string) => ({ id, state: "new", category: "bug" }) as Feedback;
const listKey = (tab?: string) => ["feedback-list", "la_1", { tab }];

function filled(): QueryClient {
  const cache = new QueryClient();
  for (const tab of [undefined, "all"]) {
    cache.setQueryData(listKey(tab), {
      pages: [{ items: [row("a"), row("b")] }, { items: [row("c")] }],
      pageParams: ["", "1"],
    });
  }
  return cache;
}
const ids = (cache: QueryClient, tab?: string) =>
  cache.getQueryData<{ pages: FeedbackPage[] }>(listKey(tab))?.pages.flatMap((p) => p.items.map((i) => i.id));

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
  const before = cache.getQueryData<{ pages: FeedbackPage[] }>(listKey())?.pages[1]?.items[0];
  patchRows(cache, { id: "a", category: "data" });
  const pages = cache.getQueryData<{ pages: FeedbackPage[] }>(listKey("all"))?.pages;
  expect(pages?.[0]?.items[0]?.category).toBe("data");
  expect(cache.getQueryData<{ pages: FeedbackPage[] }>(listKey())?.pages[1]?.items[0]).toBe(before);
});

test("arrivals are counted by launch and never put into the list", () => {
  const cache = filled();
  const arrived = (id: string, launch: string): LiveEvent => ({
    type: "feedback.created",
    id,
    launch_id: launch,
  });
  apply(cache, [arrived("x", "la_1"), arrived("y", "la_1"), arrived("z", "la_2")]);
  apply(cache, [arrived("w", "la_1")]);
  expect(cache.getQueryData([...arrivedKey("la_1")])).toBe(3);
  expect(cache.getQueryData([...arrivedKey("la_2")])).toBe(1);
  expect(ids(cache)).toEqual(["a", "b", "c"]);
});

test("what is counted over everything is read again once a second, the past not at all", () => {
  vi.useFakeTimers();
  const cache = filled();
  const now = ["pulse", "la_1", "now", "7d"];
  const past = ["pulse", "la_1", "2026-11-19T14:00:00Z", "7d"];
  for (const key of [now, past]) cache.setQueryData(key, {});
  const stale = vi.spyOn(cache, "invalidateQueries");
  for (let i = 0; i < 50; i++) apply(cache, [{ type: "feedback.created", id: `f${i}`, launch_id: "la_1" }]);
  vi.advanceTimersByTime(1000);
  expect(cache.getQueryState(now)?.isInvalidated).toBe(true);
  expect(cache.getQueryState(past)?.isInvalidated).toBe(false);
  expect(stale.mock.calls.filter(([f]) => f?.predicate).length).toBe(2);
  vi.useRealTimers();
});

test("a thousand events of one kind make one invalidation", () => {
  const cache = filled();
  const stale = vi.spyOn(cache, "invalidateQueries");
  apply(
    cache,
    Array.from({ length: 1000 }, () => ({ type: "import.progress" as const, id: "im_1" })),
  );
  expect(stale.mock.calls.length).toBeLessThan(4);
});
