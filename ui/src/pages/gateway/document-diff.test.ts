import { expect, test } from "vitest";
import { documentDiff } from "./document-diff";

const text = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`).join("\n");

test("a change is shown with what stands around it, the rest as gaps", () => {
  const lines = documentDiff(text, text.replace("line 6", "line six"));
  expect(lines.map((l) => `${l.kind} ${l.text || l.count}`)).toEqual([
    "gap 2",
    "same line 3",
    "same line 4",
    "same line 5",
    "removed line 6",
    "added line six",
    "same line 7",
    "same line 8",
    "same line 9",
    "gap 3",
  ]);
  expect([lines[4]?.old, lines[4]?.now]).toEqual([6, undefined]);
  expect([lines[5]?.old, lines[5]?.now]).toEqual([undefined, 6]);
});

test("lines keep their numbers in both texts", () => {
  const lines = documentDiff(text, `new\n${text}`);
  expect(lines[0]).toMatchObject({ kind: "added", now: 1 });
  expect(lines[1]).toMatchObject({ kind: "same", old: 1, now: 2 });
});

test("the same text has nothing to show, and an ending line changes nothing", () => {
  expect(documentDiff(text, `${text}\n`)).toEqual([]);
  expect(documentDiff("", "")).toEqual([]);
});

test("the first document is all new", () => {
  expect(documentDiff("", "a\nb").map((l) => l.kind)).toEqual(["added", "added"]);
});
