import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toasts } from "./toasts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const x of toasts.list()) toasts.dismiss(x.id);
  vi.useRealTimers();
});

test("a toast goes after eight seconds, and stays while it is held", () => {
  const id = toasts.show("Accepted");
  vi.advanceTimersByTime(7999);
  expect(toasts.list()).toHaveLength(1);
  toasts.hold(id);
  vi.advanceTimersByTime(60_000);
  expect(toasts.list()).toHaveLength(1);
  toasts.release(id);
  vi.advanceTimersByTime(8000);
  expect(toasts.list()).toHaveLength(0);
});

test("undo takes the latest that can be undone, once", () => {
  const first = vi.fn();
  const second = vi.fn();
  toasts.show("one", { undo: first });
  toasts.show("two", { undo: second });
  toasts.show("three");
  expect(toasts.undoLatest()).toBe(true);
  expect(second).toHaveBeenCalledOnce();
  expect(toasts.undoLatest()).toBe(true);
  expect(first).toHaveBeenCalledOnce();
  expect(toasts.undoLatest()).toBe(false);
});

test("no more than three are shown", () => {
  for (const text of ["a", "b", "c", "d"]) toasts.show(text);
  expect(toasts.list().map((x) => x.text)).toEqual(["b", "c", "d"]);
});
