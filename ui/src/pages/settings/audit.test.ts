import { expect, test } from "vitest";
import { detailText } from "./audit";

test("what a change says of itself is readable, also where it is nested", () => {
  expect(detailText({ role: "viewer", name: "Vic" })).toBe("role viewer · name Vic");
  expect(detailText({ change: { severity: "sev2" }, first_ids: ["a", "b"], empty: "", none: null })).toBe(
    "change severity sev2 · first ids a, b",
  );
  expect(detailText(undefined as never)).toBe("");
});
