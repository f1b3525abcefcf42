import { beforeAll, expect, test } from "vitest";
import type { Happening, Pulse } from "@/api/types";
import { centreSearch } from "@/app/search";
import { loadLanguage } from "@/i18n";
import { newSince } from "./live-feed";
import { readHour } from "./ruler";

beforeAll(() => loadLanguage("en"));

const line = (id: string, at: number, count = 1) =>
  ({ id, at: new Date(at * 1000).toISOString(), count, kind: "feedback.arrived" }) as Happening;

test("what is new counts things, not lines, and no older page", () => {
  const held = [line("b", 20, 5), line("a", 10)];
  expect(newSince(held, held)).toBe(0);
  expect(newSince(held, [line("c", 30, 12), ...held])).toBe(12);
  expect(newSince(held, [line("b", 25, 9), line("a", 10)])).toBe(4);
  expect(newSince(held, [...held, line("z", 1, 3)])).toBe(0);
  expect(newSince([], [line("a", 1)])).toBe(1);
});

test("an hour is read out in the zone of the launch", () => {
  const ruler = {
    from: "2026-11-19T13:00:00Z",
    to: "2026-11-20T13:00:00Z",
    step_seconds: 3600,
    days: [],
    hours: [{ arrived: 30, triaged: 1, opened: 0, closed: 0, worst: "sev2", state: "degraded" }],
  } as Pulse["ruler"];
  expect(readHour(ruler, 0, "Europe/Berlin")).toBe(
    "Thu, Nov 19, 14:00 to 15:00: 30 reports, 1 triaged. Worst open: Sev 2.",
  );
  expect(readHour(ruler, 5, "Europe/Berlin")).toBe("Nothing yet.");
});

test("the URL of the command centre is checked", () => {
  expect(centreSearch({ at: "2026-11-19T14:00:00Z", range: "24h", tv: "1", source: "issue" })).toEqual({
    at: "2026-11-19T14:00:00Z",
    range: "24h",
    tv: "1",
    source: "issue",
  });
  expect(centreSearch({ at: "yesterday", range: "year", tv: "yes", source: "rumour" })).toEqual({});
  expect(centreSearch({ at: "2026-11-19" })).toEqual({});
});
