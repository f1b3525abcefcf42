import { describe, expect, test } from "vitest";
import type { Board, BoardCard, BoardColumn } from "@/api/types";
import { cardAt, inLane, lanesOf, moveCard, overLimit, placeOf, step } from "./moves";

const card = (id: string, priority: number, more: Partial<BoardCard> = {}) =>
  ({ id, key: id, number: 1, priority, stage: "intake", severity: "sev3", ...more }) as BoardCard;
const column = (
  stage: BoardColumn["stage"],
  items: BoardCard[],
  more: Partial<BoardColumn> = {},
): BoardColumn => ({
  stage,
  count: items.length,
  median_age_seconds: 0,
  items: items.map((c) => ({ ...c, stage })),
  ...more,
});
const board = (): Board => ({
  stages: [
    column("intake", [card("a", 9), card("b", 4)]),
    column("triage", []),
    column("planning", [card("c", 8), card("d", 2)], { limit: 2 }),
    column("closure", [card("e", 1)], { count: 40 }),
  ],
  took_ms: 1,
});
const ids = (b: Board, at: number) => b.stages[at]?.items.map((c) => c.id);

describe("the cursor", () => {
  test("starts at the first card, and stays within the column", () => {
    const b = board();
    expect(step(b, undefined, { row: 1 })).toEqual({ column: 0, row: 0 });
    expect(step(b, { column: 0, row: 1 }, { row: 1 })).toEqual({ column: 0, row: 1 });
    expect(step(b, { column: 0, row: 1 }, { row: -1 })).toEqual({ column: 0, row: 0 });
  });
  test("goes sideways over empty columns, at the same height where there is one", () => {
    const b = board();
    expect(step(b, { column: 0, row: 1 }, { column: 1 })).toEqual({ column: 2, row: 1 });
    expect(step(b, { column: 2, row: 1 }, { column: 1 })).toEqual({ column: 3, row: 0 });
    expect(step(b, { column: 3, row: 0 }, { column: 1 })).toEqual({ column: 3, row: 0 });
    expect(step(b, { column: 2, row: 0 }, { column: -1 })).toEqual({ column: 0, row: 0 });
  });
  test("finds no card on an empty board", () => {
    expect(step({ stages: [column("intake", [])], took_ms: 0 }, undefined, { row: 1 })).toBeUndefined();
  });
});

describe("moving a card", () => {
  test("puts it where its priority belongs, and counts both columns", () => {
    const b = moveCard(board(), "b", "planning", "2026-11-21T00:00:00Z");
    expect(ids(b, 0)).toEqual(["a"]);
    expect(ids(b, 2)).toEqual(["c", "b", "d"]);
    expect([b.stages[0]?.count, b.stages[2]?.count]).toEqual([1, 3]);
    expect(cardAt(b, placeOf(b, "b"))).toMatchObject({
      stage: "planning",
      stage_entered_at: "2026-11-21T00:00:00Z",
    });
    expect(overLimit(b.stages[2] as BoardColumn)).toBe(1);
  });
  test("puts what was closed last first", () => {
    expect(ids(moveCard(board(), "a", "closure", ""), 3)).toEqual(["a", "e"]);
  });
  test("changes nothing when it is there already or gone", () => {
    const b = board();
    expect(moveCard(b, "a", "intake", "")).toBe(b);
    expect(moveCard(b, "x", "triage", "")).toBe(b);
  });
  test("counts the lanes too", () => {
    const b = board();
    for (const c of b.stages) c.lanes = { sev3: c.items.length };
    const after = moveCard(b, "a", "triage", "", "severity");
    expect(after.stages.map((c) => c.lanes?.sev3)).toEqual([1, 1, 2, 1]);
  });
});

test("lanes are in their own order and hold only their cards", () => {
  const sam = { id: "u1", name: "Sam" };
  const b: Board = {
    stages: [
      column("intake", [card("a", 9, { severity: "sev2", owner: sam }), card("b", 4)], {
        lanes: { none: 3, u1: 1 },
      }),
      column("triage", [], { lanes: { u2: 2, none: 0 } }),
    ],
    took_ms: 0,
  };
  expect(lanesOf(b, "owner")).toEqual([
    { id: "u2", count: 2 },
    { id: "u1", count: 1 },
    { id: "none", count: 3 },
  ]);
  const intake = b.stages[0] as BoardColumn;
  expect(inLane(intake, "owner", "none").map((c) => c.id)).toEqual(["b"]);
  expect(inLane(intake, "severity", "sev2").map((c) => c.id)).toEqual(["a"]);
  expect(inLane(intake, undefined, undefined)).toHaveLength(2);
});

test("a column without a limit is never over it", () => {
  expect(overLimit({ count: 99 })).toBe(0);
  expect(overLimit({ count: 6, limit: 6 })).toBe(0);
  expect(overLimit({ count: 8, limit: 6 })).toBe(2);
});
