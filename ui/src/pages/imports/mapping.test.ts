import { expect, test } from "vitest";
import { freeColumns, isAttr, mapField, toggleAttr } from "./mapping";

const columns = ["id", "review", "stars", "source"];

test("a column that fills a field is no attribute any more", () => {
  const before = { text: "review", attrs: { source: "source", stars: "stars" } };
  expect(mapField(before, "rating", "stars")).toEqual({
    text: "review",
    rating: "stars",
    attrs: { source: "source" },
  });
});

test("a field can be emptied", () => {
  expect(mapField({ text: "review", rating: "stars" }, "rating", "")).toEqual({ text: "review" });
});

test("free columns are those that fill nothing, and can be kept as attributes", () => {
  const mapping = { text: "review", rating: "stars" };
  expect(freeColumns(columns, mapping)).toEqual(["id", "source"]);
  const kept = toggleAttr(mapping, "source");
  expect(isAttr(kept, "source")).toBe(true);
  expect(isAttr(toggleAttr(kept, "source"), "source")).toBe(false);
});
