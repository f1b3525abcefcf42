import { expect, test } from "vitest";
import type { Plan } from "@/api/types";
import { readQuotas, readRates, showRate, standings } from "./plans";

test("rates are read as people write them, and shown so again", () => {
  expect(readRates("100/s, 5000 / h burst 200")).toEqual([{ rate: "100/s" }, { rate: "5000/h", burst: 200 }]);
  expect(readRates(" ")).toEqual([]);
  for (const wrong of ["fast", "100", "100/s,", "100/s 200"]) expect(readRates(wrong), wrong).toBeUndefined();
  const text = "100/s, 5000/h burst 200";
  expect(readRates(text)?.map(showRate).join(", ")).toBe(text);
});

test("an empty count is no quota", () => {
  expect(
    readQuotas({ day: { count: "", zone: "Europe/Berlin" }, month: { count: "1000", zone: " " } }),
  ).toEqual([{ per: "month", count: 1000, zone: undefined }]);
});

const at = (day: number) => new Date(Date.UTC(2026, 0, day)).toISOString();

test("the quotas of the plan come first, used or not, then those of documents", () => {
  const plan = {
    quotas: [
      { per: "day", count: 100 },
      { per: "month", count: 900 },
    ],
  } as Plan;
  const day = { quota: "plan-day", subject: "application", starts_at: at(2), ends_at: at(3), used: 7 };
  const before = { ...day, starts_at: at(1), ends_at: at(2), used: 99 };
  const other = { quota: "shop-day", subject: "key k1", starts_at: at(2), ends_at: at(3), used: 4 };
  const list = standings(plan, [before, day, other]);
  expect(list.map((s) => [s.quota, s.most, s.used, s.ends])).toEqual([
    ["plan-day", 100, 7, at(3)],
    ["plan-month", 900, 0, undefined],
    ["shop-day", undefined, 4, at(3)],
  ]);
  expect(standings(undefined, [day]).map((s) => [s.per, s.used])).toEqual([[undefined, 7]]);
});
