import { expect, test } from "vitest";
import { moveEffect, nextStage, stageBeside } from "./stages";

test("the next stage ends with the way", () => {
  expect(nextStage("intake")).toBe("triage");
  expect(nextStage("resolution")).toBe("closure");
  expect(nextStage("closure")).toBeUndefined();
  expect([stageBeside("planning", -1), stageBeside("intake", -1), stageBeside("planning", 2)]).toEqual([
    "prioritisation",
    undefined,
    "closure",
  ]);
});

test("a move says what it does before it is done", () => {
  expect(moveEffect("resolution", "closure", 7)).toEqual({ kind: "close", people: 7 });
  expect(moveEffect("closure", "closure", 7)).toEqual({ kind: "move" });
  expect(moveEffect("closure", "analysis", 7)).toEqual({ kind: "reopen" });
  expect(moveEffect("analysis", "planning", 7, { count: 6, limit: 6 })).toEqual({
    kind: "over",
    count: 7,
    limit: 6,
  });
  expect(moveEffect("analysis", "planning", 7, { count: 5, limit: 6 })).toEqual({ kind: "move" });
  expect(moveEffect("planning", "planning", 7, { count: 6, limit: 6 })).toEqual({ kind: "move" });
  expect(moveEffect("closure", "planning", 7, { count: 6, limit: 6 })).toEqual({
    kind: "over",
    count: 7,
    limit: 6,
  });
});
