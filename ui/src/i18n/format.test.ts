import { describe, expect, test } from "vitest";
import {
  ago,
  bytes,
  compact,
  duration,
  fullTime,
  initials,
  languageName,
  shortTime,
  validZone,
} from "./format";

const now = Date.parse("2026-11-21T14:12:00Z");

describe("shortTime", () => {
  test.each([
    ["today is a clock", "2026-11-21T09:05:00Z", "09:05"],
    ["this year is a day", "2026-11-12T09:05:00Z", "Nov 12"],
    ["before is a day and a year", "2024-11-12T09:05:00Z", "Nov 12, 2024"],
    ["no date is nothing", "soon", ""],
  ])("%s", (_, at, want) => {
    expect(shortTime(at, "UTC", now)).toBe(want);
  });

  test("the day is that of the launch's zone", () => {
    expect(shortTime("2026-11-20T23:30:00Z", "Asia/Tokyo", now)).toBe("08:30");
    expect(shortTime("2026-11-20T23:30:00Z", "UTC", now)).toBe("Nov 20");
  });
});

test("the title of a time names the zone of the launch and UTC", () => {
  const lines = fullTime("2026-11-21T14:12:05Z", "Asia/Tokyo").split("\n");
  expect(lines[0]).toMatch(/23:12:05 Asia\/Tokyo$/);
  expect(lines[lines.length - 1]).toMatch(/14:12:05 UTC$/);
});

test("an unknown zone is nobody's", () => {
  expect(validZone("Mars/Olympus")).toBeUndefined();
  expect(validZone("Europe/Lisbon")).toBe("Europe/Lisbon");
});

test("ago is in the largest whole unit", () => {
  expect(ago("2026-11-21T14:11:40Z", now)).toBe("just now");
  expect(ago("2026-11-21T14:02:00Z", now)).toBe("10 min. ago");
  expect(ago("2026-11-21T11:13:00Z", now)).toBe("2 hr. ago");
  expect(ago("2026-11-20T14:12:00Z", now)).toBe("yesterday");
});

test("numbers, sizes and names", () => {
  expect([compact(999), compact(12_345)]).toEqual(["999", "12.3K"]);
  expect([bytes(1), bytes(1500), bytes(2_400_000)]).toEqual(["1 byte", "1.5 kB", "2.4 MB"]);
  expect(["Priya Nair", "desk@lumen.example", "Ada", ""].map(initials)).toEqual(["PN", "DE", "A", "?"]);
  expect(["de", "unknown", "", "not a code"].map(languageName)).toEqual([
    "German",
    "Unknown",
    "Unknown",
    "not a code",
  ]);
});

test("a duration is in the largest whole unit", () => {
  expect([20, 61, 7_200, 200_000].map((s) => duration(s))).toEqual(["0 min", "1 min", "2 hr", "2 days"]);
  expect([59 * 60, 200_000].map((s) => duration(s, "narrow"))).toEqual(["59m", "2d"]);
});
