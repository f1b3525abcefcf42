import { expect, test } from "vitest";
import type { Alert } from "@/api/types";
import { ownLabels, sentenceOf } from "./alert-state";

const alert: Alert = {
  id: "1",
  group: "shop",
  rule: "ManyErrors",
  state: "firing",
  labels: { route: "pay", alertname: "ManyErrors", api: "orders" },
  annotations: { description: "long" },
  active_at: "2026-11-27T10:00:00Z",
};

test("an alert says its summary, or else its description, or nothing", () => {
  expect(sentenceOf(alert)).toBe("long");
  expect(sentenceOf({ ...alert, annotations: { summary: "short", description: "long" } })).toBe("short");
  expect(sentenceOf({ ...alert, annotations: {} })).toBe("");
});

test("labels are in order, without the name that the rule has anyway", () => {
  expect(ownLabels(alert)).toEqual([
    ["api", "orders"],
    ["route", "pay"],
  ]);
});
