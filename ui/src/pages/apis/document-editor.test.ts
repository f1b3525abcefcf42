import { expect, test } from "vitest";
import { indentAfter, lineSpan } from "./document-editor";

const text = "gateway: 1\nupstreams:\n  - name: up";

test.each([
  [1, "gateway: 1"],
  [2, "upstreams:"],
  [3, "  - name: up"],
  [9, ""],
])("line %i is %j", (line, want) => {
  expect(text.slice(...lineSpan(text, line))).toBe(want);
});

test.each([
  ["apis:", "  "],
  ["  - name: orders", "    "],
  ["    routes:", "      "],
  ["    upstream: up", "    "],
  ["x\n  y", "  "],
  ["gateway: 1", ""],
])("behind %j a line begins with %j", (before, want) => {
  expect(indentAfter(before)).toBe(want);
});
