import { expect, test, vi } from "vitest";
import { part } from "./part";

test("a part is loaded once, however often it is asked for", async () => {
  const load = vi.fn(async () => "menu");
  const p = part(load);
  expect(p.get()).toBeUndefined();
  await Promise.all([p.warm(), p.warm()]);
  await p.warm();
  expect(load).toHaveBeenCalledTimes(1);
  expect(p.get()).toBe("menu");
});

test("a failure is told and not remembered", async () => {
  const load = vi.fn(async () => "menu").mockRejectedValueOnce(new Error("offline"));
  const p = part(load);
  await expect(p.warm()).rejects.toThrow("offline");
  expect(p.get()).toBeUndefined();
  await p.warm();
  expect(p.get()).toBe("menu");
});
