import { expect, test } from "vitest";
import { roundUp, rowsOf, ticksOf, timeTicks, weight } from "./scale";

const bounds = [
  0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048,
];
const cell = (y: number) => ({ x: 0, y, count: 1, errors: 0 });

test("rows are those with calls, with some room around", () => {
  expect(rowsOf({ bounds_us: bounds, cells: [cell(10), cell(18)] })).toEqual({ low: 9, high: 19 });
  expect(rowsOf({ bounds_us: bounds, cells: [cell(12)] })).toEqual({ low: 8, high: 17 });
  const empty = rowsOf({ bounds_us: bounds, cells: [] });
  expect(empty.low).toBeLessThanOrEqual(empty.high + bounds.length);
  expect(rowsOf({ bounds_us: bounds, cells: [cell(22)] }).high).toBe(22);
});

test("a cell is fuller the more calls it has, and one call is seen", () => {
  expect(weight(1, 1000)).toBeGreaterThan(0.1);
  expect(weight(1000, 1000)).toBe(1);
  expect(weight(30, 1000)).toBeGreaterThan(weight(3, 1000));
  expect(weight(1, 1)).toBe(1);
});

test("the axis has powers of ten where they lie", () => {
  const ticks = ticksOf(bounds, 6, 21);
  expect(ticks.map((t) => t.us)).toEqual([10, 100, 1000]);
  const ten = ticks[0]?.y ?? 0;
  expect(bounds[Math.floor(ten)]).toBe(8);
  expect(ten).toBeCloseTo(6 + 2 / 3);
});

test.each([
  [0, 1],
  [3, 3],
  [7, 8],
  [118, 150],
  [240, 300],
  [1000, 1000],
])("an axis for %i ends at %i", (n, want) => {
  expect(roundUp(n)).toBe(want);
});

test("times on the axis are round and few", () => {
  const from = Date.parse("2026-11-27T10:07:13Z");
  const ticks = timeTicks(from, from + 3_600_000, 6);
  expect(ticks.map((x) => new Date(x.at).toISOString().slice(11, 16))).toEqual([
    "10:10",
    "10:20",
    "10:30",
    "10:40",
    "10:50",
    "11:00",
  ]);
  expect(ticks[0]?.x).toBeCloseTo(167 / 3600);
  expect(timeTicks(from, from + 10_000, 6).every((x) => x.step === 2000)).toBe(true);
});
