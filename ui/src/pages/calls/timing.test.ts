import { expect, test } from "vitest";
import { longest, spansOf, triesOf } from "./timing";

const base = { id: "a", at: "2026-11-27T10:00:00Z" };

test("tries are read as the log has them", () => {
  expect(triesOf("orders/10.0.0.4:8080 connect_failed 2.1ms; orders/[::1]:80 status 12ms")).toEqual([
    { upstream: "orders/10.0.0.4:8080", why: "connect_failed", ms: 2.1 },
    { upstream: "orders/[::1]:80", why: "status", ms: 12 },
  ]);
  expect(triesOf(undefined)).toEqual([]);
});

test("the time of a call is parted into what took it", () => {
  const spans = spansOf({ ...base, latency_us: 100_000, first_byte_us: 90_000, upstream_us: 80_000 });
  expect(spans).toEqual([
    { kind: "gateway", from: 0, to: 10 },
    { kind: "wait", from: 10, to: 90 },
    { kind: "body", from: 90, to: 100 },
  ]);
  expect(longest(spans)?.kind).toBe("wait");
});

test("failed tries lie before the one that answered", () => {
  const spans = spansOf({
    ...base,
    latency_us: 100_000,
    first_byte_us: 90_000,
    upstream_us: 50_000,
    tries: "up/a:1 timed_out 30ms",
  });
  expect(spans.map((s) => [s.kind, s.from, s.to])).toEqual([
    ["gateway", 0, 10],
    ["try", 10, 40],
    ["wait", 40, 90],
    ["body", 90, 100],
  ]);
});

test("a call that the gateway answered itself waited for nobody", () => {
  expect(spansOf({ ...base, latency_us: 300 })).toEqual([{ kind: "gateway", from: 0, to: 0.3 }]);
  expect(spansOf({ ...base, latency_us: 0 })).toEqual([]);
});
