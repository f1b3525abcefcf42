import { describe, expect, test } from "vitest";
import { instantOf, offsetAt, plusDays, type Wall, wallOf, weekdayOf } from "./wall";

const at = (year: number, month: number, day: number, hour = 0, minute = 0): Wall => ({
  year,
  month,
  day,
  hour,
  minute,
});

describe("a wall time is an instant", () => {
  test.each([
    ["winter", "Europe/Berlin", at(2026, 11, 23, 9), "2026-11-23T08:00:00Z"],
    ["summer", "Europe/Berlin", at(2026, 7, 1, 9), "2026-07-01T07:00:00Z"],
    ["before the hour that is skipped", "Europe/Berlin", at(2027, 3, 28, 1, 59), "2027-03-28T00:59:00Z"],
    ["in the hour that is skipped", "Europe/Berlin", at(2027, 3, 28, 2, 30), "2027-03-28T01:30:00Z"],
    ["after the hour that is skipped", "Europe/Berlin", at(2027, 3, 28, 3), "2027-03-28T01:00:00Z"],
    [
      "the first of an hour that comes twice",
      "Europe/Berlin",
      at(2026, 10, 25, 2, 30),
      "2026-10-25T00:30:00Z",
    ],
    ["after the hour that comes twice", "Europe/Berlin", at(2026, 10, 25, 3), "2026-10-25T02:00:00Z"],
    ["a morning after the change", "America/New_York", at(2026, 11, 1, 9), "2026-11-01T14:00:00Z"],
    ["half an hour of change", "Australia/Lord_Howe", at(2026, 10, 4, 2, 15), "2026-10-03T15:45:00Z"],
    ["a quarter of an hour off", "Asia/Kathmandu", at(2026, 11, 23, 9), "2026-11-23T03:15:00Z"],
    ["the day that was skipped", "Pacific/Apia", at(2011, 12, 30, 12), "2011-12-30T22:00:00Z"],
    ["no change at all", "UTC", at(2028, 2, 29, 23, 59), "2028-02-29T23:59:00Z"],
  ])("%s", (_, zone, wall, want) => {
    expect(new Date(instantOf(wall, zone)).toISOString()).toBe(want.replace("Z", ".000Z"));
  });
});

/** A small generator with a seed, so that a failure can be had again. */
function numbers(seed: number) {
  let s = seed;
  return (below: number) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s % below;
  };
}

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Africa/Casablanca",
  "America/St_Johns",
  "UTC",
];

test("for any instant: its wall time leads back to an instant that shows the same", () => {
  const next = numbers(7);
  for (let i = 0; i < 3000; i++) {
    const zone = zones[next(zones.length)] as string;
    const t = Date.UTC(2010, 0, 1) + next(25 * 365 * 24 * 60) * 60_000;
    const back = instantOf(wallOf(t, zone), zone);
    expect(wallOf(back, zone), `${zone} ${new Date(t).toISOString()}`).toEqual(wallOf(t, zone));
    // Never later, and earlier only where the clock shows it twice.
    expect(back).toBeLessThanOrEqual(t);
    if (back !== t) expect(offsetAt(back, zone)).toBeGreaterThan(offsetAt(t, zone));
  }
});

test("for any wall time: a later one is never an earlier instant, across every change of a year", () => {
  for (const zone of zones) {
    let before = Number.NEGATIVE_INFINITY;
    for (let wall = at(2027, 1, 1); wall.year === 2027; wall = plusDays(wall, 1)) {
      for (let hour = 0; hour < 6; hour++) {
        const t = instantOf({ ...wall, hour, minute: 30 }, zone);
        expect(t, `${zone} ${JSON.stringify(wall)} ${hour}`).toBeGreaterThanOrEqual(before);
        before = t;
      }
    }
  }
});

test("days are counted on the calendar", () => {
  expect(plusDays(at(2026, 12, 31, 9), 1)).toEqual(at(2027, 1, 1, 9));
  expect(plusDays(at(2028, 2, 28), 1)).toEqual(at(2028, 2, 29));
  expect(weekdayOf(at(2026, 11, 23))).toBe(1);
});
