import { expect, test } from "vitest";
import { nextMarks } from "./use-marks";

const order = ["a", "b", "c", "d", "e"];
const marks = (...ids: string[]) => new Set(ids);

test("one mark turns over", () => {
  expect([...nextMarks(marks(), order, "b", undefined)]).toEqual(["b"]);
  expect([...nextMarks(marks("b", "c"), order, "b", undefined)]).toEqual(["c"]);
});

test("a range marks everything between, either way, and takes nothing off", () => {
  expect([...nextMarks(marks("b"), order, "d", "b")].sort()).toEqual(["b", "c", "d"]);
  expect([...nextMarks(marks("d"), order, "b", "d")].sort()).toEqual(["b", "c", "d"]);
});

test("a range from a row that is gone is a single mark", () => {
  expect([...nextMarks(marks(), order, "c", "zz")]).toEqual(["c"]);
});
