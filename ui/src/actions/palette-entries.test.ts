import { expect, test } from "vitest";
import { groupEntries, keyTyped, matchActions, score } from "./palette-entries";
import type { Action } from "./registry";

const action = (label: string, scope: Action["scope"] = "global", more: Partial<Action> = {}): Action => ({
  id: label,
  scope,
  label,
  run: () => undefined,
  ...more,
});

test("score wants every word and likes starts", () => {
  expect(score("Go to Inbox", "box")).toBe(1);
  expect(score("Go to Inbox", "inb")).toBe(2);
  expect(score("Go to Inbox", "go")).toBe(3);
  expect(score("Go to Inbox", "go inb")).toBe(5);
  expect(score("Go to Inbox", "go issues")).toBe(0);
  expect(score("Go to Inbox", "")).toBe(1);
});

test("what belongs to the page comes first; what only makes sense as a key is left out", () => {
  const found = matchActions(
    [
      action("Accept all"),
      action("Accept as a new issue", "item"),
      action("Next", "list", { keysOnly: true }),
    ],
    "acc",
  );
  expect(found.map((e) => e.label)).toEqual(["Accept as a new issue", "Accept all"]);
});

test("groups keep the order and the place of their entries", () => {
  const entries = matchActions([action("a", "item"), action("b"), action("c")], "");
  expect(groupEntries(entries).map((g) => g.entries.map((e) => e.index))).toEqual([[0], [1, 2]]);
});

test("the key of an issue is known by its form", () => {
  expect(["HC-12", "hc 12", "hc12", " HC-1 "].map(keyTyped)).toEqual(["HC-12", "HC-12", "HC-12", "HC-1"]);
  expect(["12", "house 12 b", "HC-", "h-1", ""].map(keyTyped)).toEqual(Array(5).fill(undefined));
});
