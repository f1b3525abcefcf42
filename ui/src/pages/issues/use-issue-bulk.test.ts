import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import type { Issue } from "@/api/types";
import { widest } from "../issue/merge-dialog";
import { changed, changeRows } from "./use-issue-bulk";

const issue = (id: string, more: Partial<Issue> = {}) =>
  ({
    id,
    key: id,
    number: 1,
    stage: "intake",
    severity: "sev3",
    tags: ["b"],
    reach: { feedback: 1 },
    ...more,
  }) as Issue;

test("a bulk change is on the rows before the server has answered", () => {
  const sam = { id: "u1", name: "Sam" };
  expect(changed(issue("a"), { severity: "sev1", owner_id: "u1", add_tags: ["a", "b"] }, sam)).toMatchObject({
    severity: "sev1",
    owner: sam,
    tags: ["a", "b"],
    stage: "intake",
  });
  expect(changed(issue("a", { owner: sam }), { owner_id: "", remove_tags: ["b"] })).toMatchObject({
    owner: undefined,
    tags: [],
  });
});

test("every list that shows a row has the change, and all of them take it back", () => {
  const cache = new QueryClient();
  const paged = ["issue-list", "la_1", {}];
  const part = ["issue-list", "la_1", "part", { stage: ["intake"] }];
  cache.setQueryData(paged, { pages: [{ items: [issue("a"), issue("b")] }], pageParams: [""] });
  cache.setQueryData(part, { items: [issue("b")] });
  const before = [cache.getQueryData(paged), cache.getQueryData(part)];
  const putBack = changeRows(cache, ["b"], (i) => ({ ...i, stage: "planning" }));
  expect(cache.getQueryData<{ items: Issue[] }>(part)?.items[0]?.stage).toBe("planning");
  const rows = cache.getQueryData<{ pages: { items: Issue[] }[] }>(paged)?.pages[0]?.items;
  expect(rows?.map((i) => i.stage)).toEqual(["intake", "planning"]);
  putBack();
  expect([cache.getQueryData(paged), cache.getQueryData(part)]).toEqual(before);
});

test("the one that most reported stays when many are merged", () => {
  const list = [issue("a"), issue("b", { reach: { feedback: 7 } as Issue["reach"] }), issue("c")];
  expect(widest(list)?.id).toBe("b");
  expect(widest([])).toBeUndefined();
});
