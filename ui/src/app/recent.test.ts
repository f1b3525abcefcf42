import { expect, test } from "vitest";
import type { Recent } from "./prefs";
import { withRecent } from "./recent";

const issue = (id: string, label = id): Recent => ({ kind: "issue", launchId: "la_1", id, code: id, label });

test("the latest comes first, once, with its present title", () => {
  const list = withRecent(
    withRecent([issue("HC-1"), issue("HC-2")], issue("HC-3")),
    issue("HC-1", "renamed"),
  );
  expect(list.map((r) => r.label)).toEqual(["renamed", "HC-3", "HC-2"]);
});

test("old ones fall out", () => {
  const list = Array.from({ length: 12 }, (_, i) => issue(`HC-${i}`)).reduce(withRecent, [] as Recent[]);
  expect(list.map((r) => r.id)).toEqual(["HC-11", "HC-10", "HC-9", "HC-8", "HC-7", "HC-6", "HC-5", "HC-4"]);
});
