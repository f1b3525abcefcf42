import { expect, test } from "vitest";
import type { RelatedResult } from "@/api/types";
import { confirmation, dismissals, isEmpty, standing, withoutSuggestion } from "./suggestions";

const related = {
  items: [],
  issues: [{ issue: { id: "i1" } }, { issue: { id: "i2" } }],
  fields: [
    { field: "severity", value: "sev2", confidence: 0.7, reason: "" },
    { field: "area", value: "payment", confidence: 0.5, reason: "" },
  ],
} as unknown as RelatedResult;

test("the best issue and the fields stand until they are waved off, one after the other", () => {
  const all = standing({ state: "new" }, related);
  expect(all?.issue?.issue.id).toBe("i1");
  expect(dismissals(all as never)).toEqual([
    { what: "issue", value: "i1" },
    { what: "severity", value: "sev2" },
    { what: "area", value: "payment" },
  ]);
  const next = withoutSuggestion(related, { what: "issue", value: "i1" });
  expect(standing({ state: "new" }, next)?.issue?.issue.id).toBe("i2");
  const none = [...dismissals(all as never), { what: "issue" as const, value: "i2" }].reduce(
    withoutSuggestion,
    related,
  );
  expect(isEmpty(standing({ state: "new" }, none) as never)).toBe(true);
});

test("nothing is suggested of what people decided, and nothing is known before the server says", () => {
  expect(isEmpty(standing({ state: "ignored" }, related) as never)).toBe(true);
  expect(standing({ state: "new" }, undefined)).toBeUndefined();
});

test("to take fields is to say them again", () => {
  expect(confirmation(related.fields ?? [])).toEqual({ severity: "sev2", area: "payment" });
  expect(confirmation([])).toBeUndefined();
});
