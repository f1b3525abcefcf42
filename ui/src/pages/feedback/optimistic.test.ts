import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import type { Feedback, FeedbackPage } from "@/api/types";
import { changeRows } from "./optimistic";

const row = (id: string, more: Partial<Feedback> = {}) =>
  ({ id, state: "new", category: "bug", ...more }) as Feedback;

function lists(...tabs: (string | undefined)[]) {
  const cache = new QueryClient();
  const page = { items: [row("a"), row("b"), row("c")] } as FeedbackPage;
  for (const tab of tabs) {
    cache.setQueryData(["feedback-list", "l", { tab }], { pages: [page], pageParams: [""] });
  }
  cache.setQueryData(["feedback", "b"], row("b", { text: "whole" }));
  const ids = (tab: string | undefined) =>
    cache
      .getQueryData<InfiniteData<FeedbackPage>>(["feedback-list", "l", { tab }])
      ?.pages.flatMap((p) => p.items.map((i) => `${i.id} ${i.state}`));
  return { cache, ids };
}

test("what is done with leaves the tab and stays where it belongs", () => {
  const { cache, ids } = lists(undefined, "all", "done");
  const back = changeRows(cache, ["b"], { state: "accepted" });
  expect(ids(undefined)).toEqual(["a new", "c new"]);
  expect(ids("all")).toEqual(["a new", "b accepted", "c new"]);
  expect(ids("done")).toEqual(["a new", "b accepted", "c new"]);
  expect(cache.getQueryData<Feedback>(["feedback", "b"])).toMatchObject({ state: "accepted", text: "whole" });
  back();
  expect(ids(undefined)).toEqual(["a new", "b new", "c new"]);
  expect(ids("all")).toEqual(["a new", "b new", "c new"]);
  expect(cache.getQueryData<Feedback>(["feedback", "b"])?.state).toBe("new");
});

test("what is put off leaves the tab, what is brought back leaves later", () => {
  const { cache, ids } = lists(undefined, "later");
  changeRows(cache, ["a", "c"], { snoozed_until: new Date(Date.now() + 60_000).toISOString() });
  expect(ids(undefined)).toEqual(["b new"]);
  expect(ids("later")).toEqual(["a new", "b new", "c new"]);
  changeRows(cache, ["a"], { snoozed_until: undefined });
  expect(ids("later")).toEqual(["b new", "c new"]);
});
