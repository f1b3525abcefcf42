import { expect, test } from "vitest";
import { strength } from "./password";
import { safeNext } from "./sign-in";

test.each([
  ["", "empty"],
  ["short", "short"],
  ["aaaaaaaaaaaaaaaa", "weak"],
  ["abcdefghij", "fair"],
  ["Correct-h0rse", "good"],
  ["twelve blue otters sing", "good"],
])("%s is %s", (password, want) => {
  expect(strength(password)).toBe(want);
});

test("after signing in only paths of this site are followed", () => {
  expect(
    [
      "/launches/la_1?tab=all",
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "javascript:alert(1)",
      undefined,
    ].map(safeNext),
  ).toEqual(["/launches/la_1?tab=all", "/", "/", "/", "/", "/"]);
});
