import { expect, test } from "vitest";
import { everyDay, rightLine } from "./days";

const some = [
  { day: "2026-11-20", reviewed: 4, corrected: 1, right: 0.75 },
  { day: "2026-11-22", reviewed: 2, corrected: 0, right: 1 },
];

test("days without a review are there, and say nothing of being right", () => {
  const days = everyDay(some, "2026-11-19", "2026-11-22");
  expect(days.map((d) => [d.day.slice(8), d.reviewed, d.right])).toEqual([
    ["19", 0, undefined],
    ["20", 4, 0.75],
    ["21", 0, undefined],
    ["22", 2, 1],
  ]);
});

test("the line goes through the days that have a share", () => {
  expect(rightLine(everyDay(some, "2026-11-19", "2026-11-22"))).toBe("M37.50 25.00L87.50 0.00");
  expect(rightLine([])).toBe("");
});
