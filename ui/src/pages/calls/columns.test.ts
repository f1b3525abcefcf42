import { expect, test } from "vitest";
import { nextCell, tokenOf } from "./columns";

const call = {
  id: "a",
  at: "2026-11-27T10:00:00Z",
  status: 503,
  method: "GET",
  path: "/orders/1",
  latency_us: 1_234_000,
  application: "Web shop",
};

test("each cell knows the token that finds its like", () => {
  expect(tokenOf(call, "status")).toBe("status:503");
  expect(tokenOf(call, "ms")).toBe("ms>=1234");
  expect(tokenOf(call, "app")).toBe('app:"Web shop"');
  expect(tokenOf(call, "user")).toBeUndefined();
});

test("walking along a row passes over what is empty and stops at its ends", () => {
  expect(nextCell(call, "path", 1)).toBe("ms");
  expect(nextCell(call, "ms", 1)).toBe("app");
  expect(nextCell(call, "app", 1)).toBe("app");
  expect(nextCell(call, "status", -1)).toBe("status");
});
