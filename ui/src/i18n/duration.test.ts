import { beforeAll, expect, test } from "vitest";
import { duration, durationParts, shortDuration } from "./duration";
import { loadLanguage } from "./index";

beforeAll(() => loadLanguage("en"));

test.each([
  [0, "0 seconds", "0 sec"],
  [59.9, "59 seconds", "59 sec"],
  [60, "1 minute", "1 min"],
  [119, "1 minute", "1 min"],
  [89 * 60, "89 minutes", "89 min"],
  [90 * 60, "1 hour", "1.5 hr"],
  [3 * 3600, "3 hours", "3 hr"],
  [47 * 3600, "47 hours", "47 hr"],
  [50 * 3600, "2 days", "2 days"],
  [-5, "0 seconds", "0 sec"],
])("%d seconds are %s", (seconds, long, short) => {
  expect(duration(seconds)).toBe(long);
  expect(shortDuration(seconds)).toBe(short);
});

test("number and unit stand apart, in the language of the page", async () => {
  expect(durationParts(22 * 60)).toEqual({ value: "22", unit: "min" });
  await loadLanguage("de");
  expect(durationParts(5400)).toEqual({ value: "1,5", unit: "Std." });
  expect(duration(60)).toBe("1 Minute");
  await loadLanguage("en");
});
