import { describe, expect, test } from "vitest";
import type { TimelineEntry } from "@/api/types";
import { foldTimeline, joinedCount, reportsOf, splitLong } from "./timeline-fold";

let next = 0;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const entry = (kind: TimelineEntry["kind"], more: Partial<TimelineEntry> = {}): TimelineEntry => ({
  id: `e${next++}`,
  at: at(0),
  kind,
  actor: { kind: "member", id: "ada", name: "Ada" },
  ...more,
});
const join = (from: number, to: number, more: Partial<TimelineEntry> = {}) =>
  entry("changed", { field: "feedback", from: String(from), to: String(to), ...more });

describe("foldTimeline", () => {
  test("readings that say the same are one line, wherever they stand", () => {
    const outcome = { category: "bug", severity: "sev2" };
    const rows = foldTimeline([
      entry("read", { outcome }),
      entry("rule"),
      entry("read", { outcome: { ...outcome }, version: "2/full" }),
      entry("read", { outcome: { ...outcome, severity: "sev3" } }),
    ]);
    expect(rows.map((r) => [r.entry.kind, r.of.length, r.news])).toEqual([
      ["read", 2, undefined],
      ["rule", 1, undefined],
      ["read", 1, ["severity"]],
    ]);
  });

  test("reports that one person joins one after the other are one line", () => {
    const rows = foldTimeline([
      join(1, 2, { at: at(0), feedback: [{ id: "a", number: 1, title: "A" }] }),
      join(2, 4, { at: at(5), feedback: [{ id: "b", number: 2, title: "B" }] }),
      join(4, 5, { at: at(20) }),
      join(5, 6, { at: at(21), actor: { kind: "member", id: "bob", name: "Bob" } }),
      join(6, 5, { at: at(22), actor: { kind: "member", id: "bob", name: "Bob" } }),
      join(5, 6, { at: at(23), actor: { kind: "member", id: "bob", name: "Bob" }, reason: "Undone" }),
    ]);
    expect(rows.map((r) => r.of.length)).toEqual([2, 1, 1, 1, 1]);
    expect(joinedCount(rows[0] as never)).toBe(3);
    expect(reportsOf(rows[0] as never).map((f) => f.id)).toEqual(["a", "b"]);
    expect(rows[0]?.entry.at).toBe(at(5));
  });

  test("an issue that was split off is not also made", () => {
    const rows = foldTimeline([
      entry("changed", { field: "created", to: "title" }),
      entry("changed", { field: "split", from: "HC-1" }),
      entry("changed", { field: "title", from: "a", to: "b" }),
    ]);
    expect(rows.map((r) => r.entry.field)).toEqual(["split", "title"]);
  });

  test("a decision of several parts is a line for each, a state with its issue is one", () => {
    const rows = foldTimeline([
      entry("decided", { outcome: { assignee: "Bob", tags: ["vip"] } }),
      entry("decided", { outcome: { state: "accepted", issue: "HC-1" } }),
      entry("decided", { outcome: { issue: "HC-2" } }),
    ]);
    expect(rows.map((r) => r.part)).toEqual(["assignee", "tags", "state", undefined]);
    expect(new Set(rows.map((r) => r.id)).size).toBe(4);
  });

  test("every entry is in exactly one line, unless it has parts", () => {
    const entries = [
      entry("arrived"),
      entry("read", { outcome: { category: "bug" } }),
      entry("read", { outcome: { category: "bug" } }),
      join(1, 2),
      join(2, 3),
      entry("note"),
      join(3, 4),
    ];
    const told = foldTimeline(entries).flatMap((r) => r.of.map((e) => e.id));
    expect([...told].sort()).toEqual(entries.map((e) => e.id).sort());
  });
});

test("a long timeline keeps how it began and what came last", () => {
  const rows = foldTimeline(Array.from({ length: 45 }, () => entry("note")));
  const folded = splitLong(rows, false);
  expect([folded.first.length, folded.hidden, folded.last.length]).toEqual([1, 34, 10]);
  expect(folded.last.at(-1)).toBe(rows.at(-1));
  expect(splitLong(rows, true).last).toHaveLength(45);
  expect(splitLong(rows.slice(0, 14), false).hidden).toBe(0);
});
