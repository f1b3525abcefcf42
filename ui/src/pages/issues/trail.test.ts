import { expect, test } from "vitest";
import { leaveTrail, placeIn, trailOf } from "./trail";

test("an issue knows its place in the list it came from", () => {
  const keys = ["HC-4", "HC-2", "HC-9"];
  expect(placeIn(keys, "HC-2", 27)).toEqual({ at: 2, of: 27, before: "HC-4", after: "HC-9" });
  expect(placeIn(keys, "HC-4", 3)).toEqual({ at: 1, of: 3, before: undefined, after: "HC-2" });
  expect(placeIn(keys, "HC-9", 0)?.of).toBe(3);
  expect(placeIn(keys, "HC-1", 27)).toBeUndefined();
});

test("a trail belongs to its launch", () => {
  leaveTrail({ launch: "la_1", page: "issues", search: { severity: ["sev1"] }, keys: ["HC-1"], total: 1 });
  expect(trailOf("la_1")?.search).toEqual({ severity: ["sev1"] });
  expect(trailOf("la_2")).toBeUndefined();
});
