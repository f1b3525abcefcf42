import { expect, test } from "vitest";
import { Samples } from "./samples";

const state = (requests: number, errors: number) => ({
  routes: [{ api: "orders", version: "v1", route: "pay", requests, statuses: { "5xx": errors } }],
});

test("rates and errors are the differences of two readings", () => {
  const s = new Samples();
  expect(s.of("orders v1 pay")).toEqual([]);
  s.add(state(100, 2), 0);
  s.add(state(140, 4), 4000);
  s.add(state(140, 4), 8000);
  expect(s.of("orders v1 pay")).toEqual([
    { rate: 10, errors: 0.05 },
    { rate: 0, errors: undefined },
  ]);
});

test("a reading that is no newer is passed over, and a restart makes no negative rate", () => {
  const s = new Samples();
  s.add(state(100, 0), 4000);
  s.add(state(120, 0), 4000);
  s.add(state(5, 0), 8000);
  s.add(state(9, 0), 12_000);
  expect(s.of("orders v1 pay")).toEqual([{ rate: 1, errors: 0 }]);
});

test("a route that is not there yet has called nothing", () => {
  const s = new Samples();
  s.add({ routes: [] }, 0);
  s.add(state(8, 0), 4000);
  expect(s.of("orders v1 pay").map((x) => x.rate)).toEqual([2]);
});
