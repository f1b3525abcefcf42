import { expect, test } from "vitest";
import { callsOn } from "./mentions";

test("an event calls on those whom it names, and on nobody when it cannot be read", () => {
  expect(callsOn({ members: ["me", "you"] }, "me")).toBe(true);
  expect(callsOn({ members: ["you"] }, "me")).toBe(false);
  expect(callsOn({ members: "me" }, "me")).toBe(false);
  expect(callsOn(undefined, "me")).toBe(false);
});
