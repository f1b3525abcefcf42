import { expect, test } from "vitest";
import { ownCalls } from "./query";

test("the calls of a person are those of their users, else of their sessions", () => {
  expect(
    ownCalls([
      { kind: "user_id", value: "7" },
      { kind: "email", value: "a b@x" },
      { kind: "session_id", value: "s" },
    ]),
  ).toBe('user:7,"a b@x"');
  expect(ownCalls([{ kind: "session_id", value: "s" }])).toBe("session:s");
  expect(ownCalls([{ kind: "phone", value: "hmac:0" }])).toBeUndefined();
});
