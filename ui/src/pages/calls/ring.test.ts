import { expect, test } from "vitest";
import type { Call } from "@/api/types";
import { byTime, came, emptyRing, merge, nothingCame, put, ringSize } from "./ring";

const call = (id: string, at: string): Call => ({ id, at });
const none = () => false;

test("calls are newest first, whatever the order in which they ended", () => {
  const ring = put(
    emptyRing,
    [
      call("b", "2026-11-27T10:00:01Z"),
      call("c", "2026-11-27T10:00:03.5Z"),
      call("a", "2026-11-27T10:00:02.000001Z"),
    ],
    none,
  );
  expect(ring.calls.map((c) => c.id)).toEqual(["c", "a", "b"]);
});

test("microseconds count where milliseconds are the same, also without their noughts", () => {
  const list = [
    call("x", "2026-11-27T10:00:00.1234Z"),
    call("y", "2026-11-27T10:00:00.12345Z"),
    call("z", "2026-11-27T10:00:00.123Z"),
  ];
  expect([...list].sort(byTime).map((c) => c.id)).toEqual(["y", "x", "z"]);
  expect([call("a", "t"), call("b", "t")].sort(byTime).map((c) => c.id)).toEqual(["b", "a"]);
});

test("what is there already, here or in the list, comes once", () => {
  const one = call("a", "2026-11-27T10:00:00Z");
  const ring = put(emptyRing, [one], none);
  expect(put(ring, [one], none)).toBe(ring);
  expect(put(ring, [call("b", "2026-11-27T10:00:00Z")], (id) => id === "b")).toBe(ring);
});

test("beyond its size the oldest fall out, and the ring says so", () => {
  const many = Array.from({ length: ringSize }, (_, i) =>
    call(`i${i}`, new Date(1_700_000_000_000 + i * 1000).toISOString()),
  );
  const full = put(emptyRing, many, none);
  expect([full.calls.length, full.over]).toEqual([ringSize, false]);
  const more = put(full, [call("new", "2030-01-01T00:00:00Z")], none);
  expect([more.calls.length, more.over, more.calls[0]?.id, more.ids.has("i0")]).toEqual([
    ringSize,
    true,
    "new",
    false,
  ]);
});

test("while nothing may move calls are held back and counted, then shown", () => {
  const take = (id: string, still: boolean) => ({
    do: "take" as const,
    calls: [call(id, "2026-11-27T10:00:00Z")],
    skipped: 0,
    still,
    known: none,
  });
  let now = came(nothingCame, take("a", false));
  now = came(now, take("b", true));
  now = came(now, take("a", true));
  expect([now.shown.calls.length, now.held.calls.map((c) => c.id)]).toEqual([1, ["b"]]);
  now = came(now, { do: "show", known: none });
  expect([now.shown.calls.map((c) => c.id), now.held.calls]).toEqual([["b", "a"], []]);
  expect(came(now, { do: "show", known: none })).toBe(now);
  expect(came(now, { do: "forget" })).toBe(nothingCame);
});

test("what was held beyond its size leaves a gap below it", () => {
  const many = Array.from({ length: ringSize + 1 }, (_, i) =>
    call(`i${i}`, new Date(1_700_000_000_000 + i * 1000).toISOString()),
  );
  const held = came(nothingCame, { do: "take", calls: many, skipped: 7, still: true, known: none });
  const now = came(held, { do: "show", known: none });
  expect([now.shown.over, now.skipped]).toEqual([true, 7]);
});

test("calls of the tail stand where they belong, and old ones wait for their page", () => {
  const at = (id: string, second: number) => call(id, `2026-11-27T10:00:0${second}Z`);
  const list = [at("l7", 7), at("l5", 5), at("l3", 3)];
  const fresh = [at("f9", 9), at("f6", 6), at("f1", 1)];
  const ids = (calls: Call[]) => calls.map((c) => c.id);
  expect(ids(merge(fresh, list, true))).toEqual(["f9", "l7", "f6", "l5", "l3"]);
  expect(ids(merge(fresh, list, false))).toEqual(["f9", "l7", "f6", "l5", "l3", "f1"]);
  expect(ids(merge(fresh, [], true))).toEqual(["f9", "f6", "f1"]);
});
