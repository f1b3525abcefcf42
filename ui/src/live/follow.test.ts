import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { arrivedKey } from "./cache";
import type { LiveEvent } from "./events";
import { followEvents } from "./follow";

const arrived = (n: number): LiveEvent => ({
  type: "feedback.created",
  id: String(n),
  launch_id: "la_1",
  at: "2026-11-26T14:05:00Z",
});

let frames: (() => void)[];
const draw = () => {
  for (const fn of frames.splice(0)) fn();
};

beforeEach(() => {
  frames = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("all that comes within a frame is one change of the cache", () => {
  const cache = new QueryClient();
  const changes = vi.fn();
  const follow = followEvents(cache, (fn) => frames.push(fn));
  for (let i = 0; i < 500; i++) follow.push(arrived(i));
  expect(frames).toHaveLength(1);
  cache.getQueryCache().subscribe((e) => e.type === "updated" && changes());
  const put = vi.spyOn(cache, "setQueryData");
  draw();
  expect(cache.getQueryData([...arrivedKey("la_1")])).toBe(500);
  expect(new Set(put.mock.calls.map(([key]) => JSON.stringify(key))).size).toBe(1);
  follow.push(arrived(500));
  expect(frames).toHaveLength(1);
  draw();
  expect(cache.getQueryData([...arrivedKey("la_1")])).toBe(501);
});

test("counts are read again at once, then once a second however much happens, and a last time after it", () => {
  const cache = new QueryClient();
  const asked = vi.spyOn(cache, "invalidateQueries");
  const facets = () =>
    asked.mock.calls.filter(([f]) => JSON.stringify(f?.queryKey) === '["feedback-facets"]').length;
  const follow = followEvents(cache, (fn) => frames.push(fn));
  follow.push(arrived(0));
  draw();
  expect(facets()).toBe(1);
  // Ten seconds of an event every 50 ms.
  for (let i = 0; i < 200; i++) {
    follow.push(arrived(i));
    draw();
    vi.advanceTimersByTime(50);
  }
  expect(facets()).toBeGreaterThanOrEqual(10);
  expect(facets()).toBeLessThanOrEqual(12);
  const before = facets();
  vi.advanceTimersByTime(5_000);
  expect(facets() - before).toBeLessThanOrEqual(1);
});

test("stopped, it leaves the cache alone", () => {
  const cache = new QueryClient();
  const follow = followEvents(cache, (fn) => frames.push(fn));
  follow.push(arrived(0));
  follow.stop();
  draw();
  expect(cache.getQueryData([...arrivedKey("la_1")])).toBeUndefined();
});
