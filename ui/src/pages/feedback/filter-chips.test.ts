import { expect, test } from "vitest";
import { chipsOf } from "./filter-chips";

test("each filter has a chip with words and its own way out", () => {
  const search = {
    tab: "all" as const,
    language: ["de"],
    severity: ["sev1", "sev2"],
    issue: "none" as const,
  };
  const chips = chipsOf(search);
  expect(chips.map((c) => c.label)).toEqual(["Sev 1", "Sev 2", "German", "Without issue"]);
  expect(chips[0]?.without).toEqual({ ...search, severity: ["sev2"] });
  expect(chips[3]?.without.issue).toBeUndefined();
});
