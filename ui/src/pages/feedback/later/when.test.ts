import { describe, expect, test } from "vitest";
import { loadLanguage } from "@/i18n";
import { instantOf, wallOf } from "@/i18n/wall";
import { parseWhen } from "./parse";
import { choiceAt, choiceOf, choices, refusal, spanOf } from "./when";

const zone = "Europe/Berlin";
/** A Friday, 15:08 in Berlin. */
const now = Date.parse("2026-11-20T14:08:20Z");

const shown = (t: number | undefined, z = zone) => {
  if (t === undefined) return undefined;
  const w = wallOf(t, z);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${w.year}-${two(w.month)}-${two(w.day)} ${two(w.hour)}:${two(w.minute)}`;
};

const said: [string, string | undefined][] = [
  ["tomorrow 9", "2026-11-21 09:00"],
  ["tomorrow", "2026-11-21 09:00"],
  ["tomorrow morning", "2026-11-21 09:00"],
  ["tomorrow at 8:30", "2026-11-21 08:30"],
  ["tomorrow noon", "2026-11-21 12:00"],
  ["day after tomorrow 10am", "2026-11-22 10:00"],
  ["in 2 hours", "2026-11-20 17:08"],
  ["2h", "2026-11-20 17:08"],
  ["90 min", "2026-11-20 16:38"],
  ["1 h 30 min", "2026-11-20 16:38"],
  ["in half an hour", "2026-11-20 15:38"],
  ["monday", "2026-11-23 09:00"],
  ["next monday", "2026-11-23 09:00"],
  ["friday 8:30", "2026-11-27 08:30"],
  ["next week", "2026-11-23 09:00"],
  ["next week 14:00", "2026-11-23 14:00"],
  ["in a week", "2026-11-27 09:00"],
  ["in 3 days", "2026-11-23 09:00"],
  ["2 dec 14:00", "2026-12-02 14:00"],
  ["2 dec", "2026-12-02 09:00"],
  ["dec 2", "2026-12-02 09:00"],
  ["1 nov", "2027-11-01 09:00"],
  ["2026-12-01", "2026-12-01 09:00"],
  ["17:30", "2026-11-20 17:30"],
  ["9", "2026-11-21 09:00"],
  ["9am", "2026-11-21 09:00"],
  ["tonight", "2026-11-20 22:00"],
  ["tomorrow 9:00 UTC", "2026-11-21 10:00"],
  ["morgen 9 Uhr", "2026-11-21 09:00"],
  ["morgen", "2026-11-21 09:00"],
  ["morgen früh", "2026-11-21 09:00"],
  ["morgen um 8", "2026-11-21 08:00"],
  ["morgen Mittag", "2026-11-21 12:00"],
  ["übermorgen 8:30", "2026-11-22 08:30"],
  ["heute Abend", "2026-11-20 18:00"],
  ["in 2 Stunden", "2026-11-20 17:08"],
  ["in einer halben Stunde", "2026-11-20 15:38"],
  ["in einer Stunde und 10 Minuten", "2026-11-20 16:18"],
  ["Montag", "2026-11-23 09:00"],
  ["Freitag um 8", "2026-11-27 08:00"],
  ["nächste Woche", "2026-11-23 09:00"],
  ["naechste Woche 10 Uhr", "2026-11-23 10:00"],
  ["in einer Woche", "2026-11-27 09:00"],
  ["in 3 Tagen um 8 Uhr", "2026-11-23 08:00"],
  ["2. Dezember 14:00", "2026-12-02 14:00"],
  ["24.12.", "2026-12-24 09:00"],
  ["am 24.12. um 10 Uhr", "2026-12-24 10:00"],
  ["3.2.", "2027-02-03 09:00"],
  ["", undefined],
  ["   ", undefined],
  ["when pigs fly", undefined],
  ["asap!", undefined],
];

describe.each(["en", "de"] as const)(
  "words are understood whatever the page's language is (%s)",
  (language) => {
    test.each(said)("%s", async (text, want) => {
      await loadLanguage(language);
      expect(shown(parseWhen(text, now, zone))).toBe(want);
    });
  },
);

describe("wall times are those of the launch, over every change of the clock", () => {
  const before = Date.parse("2027-03-27T20:00:00Z"); // 21:00 in Berlin, the night of the change
  test.each([
    ["tomorrow 9", "2027-03-28 09:00", 11], // 12 hours on the clock, 11 of time
    ["in 12 hours", "2027-03-28 10:00", 12], // 12 hours of time
    ["in 2 days", "2027-03-29 09:00", 35],
  ])("%s", (text, want, hours) => {
    const t = parseWhen(text, before, zone) as number;
    expect(shown(t)).toBe(want);
    expect((t - before) / 3_600_000).toBe(hours);
  });
  test.each(["America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "UTC"])(
    "tomorrow 9 in %s, wherever the reader is",
    (z) => {
      const day = wallOf(now + 86_400_000, z);
      expect(parseWhen("tomorrow 9", now, z)).toBe(instantOf({ ...day, hour: 9, minute: 0 }, z));
    },
  );
});

test("the ready choices lie ahead, in their order of keys, at nine where they name a day", () => {
  for (let day = 0; day < 400; day++) {
    for (const z of [zone, "America/New_York", "Australia/Lord_Howe", "UTC"]) {
      const t = now + day * 86_400_000 + ((day * 7919) % 86_400) * 1000;
      for (const [i, c] of choices.entries()) {
        const at = choiceAt(c, t, z);
        expect(refusal(at, t)).toBeUndefined();
        expect(choiceOf(String(i + 1))).toBe(c);
        if (c !== "hours") expect(wallOf(at, z)).toMatchObject({ hour: 9, minute: 0 });
      }
      expect(choiceAt("monday", t, z) - t).toBeLessThan(7.5 * 86_400_000);
    }
  }
  expect(choices.map((c) => shown(choiceAt(c, now, zone)))).toEqual([
    "2026-11-20 18:09",
    "2026-11-21 09:00",
    "2026-11-23 09:00",
    "2026-11-27 09:00",
  ]);
  expect(choiceOf("2 dec")).toBeUndefined();
  expect(choiceOf("5")).toBeUndefined();
});

test("a span is nothing but a span", () => {
  expect(spanOf("in 2 hours")).toBe(7_200_000);
  expect(spanOf("1.5 h")).toBe(5_400_000);
  expect(spanOf("1,5 Std.")).toBe(5_400_000);
  expect(spanOf("2 monday")).toBeUndefined();
  expect(spanOf("in 2 hours or so")).toBeUndefined();
  expect(spanOf("0 min")).toBeUndefined();
});

test("what has passed or is more than a year ahead is refused", () => {
  expect(refusal(now, now)).toBe("passed");
  expect(refusal(now + 1, now)).toBeUndefined();
  expect(refusal(now + 366 * 86_400_000, now)).toBe("far");
});
