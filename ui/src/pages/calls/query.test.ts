import { expect, test } from "vitest";
import {
  headOf,
  latencyHeads,
  latencyTokens,
  quote,
  tokensOf,
  typingOf,
  withOnly,
  without,
  withToken,
  wrongAt,
} from "./query";

test("tokens are parted at blanks outside quotation marks", () => {
  const q = 'route:/pay  agent:"Mozilla 5" -status:5xx "two words"';
  expect(tokensOf(q).map((t) => t.text)).toEqual([
    "route:/pay",
    'agent:"Mozilla 5"',
    "-status:5xx",
    '"two words"',
  ]);
  for (const t of tokensOf(q)) expect(q.slice(t.from, t.to)).toBe(t.text);
  expect(tokensOf("  ")).toEqual([]);
  expect(tokensOf('open:"never closed').map((t) => t.text)).toEqual(['open:"never closed']);
});

test.each([
  ["ms>=250", "ms>="],
  ["-status:5xx", "-status:"],
  ["word", undefined],
  ['"a:b"', undefined],
])("the head of %j is %j", (token, head) => {
  expect(headOf(token)).toBe(head);
});

test("values that would be something else are quoted", () => {
  expect(["acme", "a b", "", "a,b", "x*"].map(quote)).toEqual(["acme", '"a b"', '""', '"a,b"', '"x*"']);
  expect(quote('say "no"')).toBe("say no");
});

test("a token is there once", () => {
  expect(withToken(undefined, "status:503")).toBe("status:503");
  expect(withToken("status:503", "status:503")).toBe("status:503");
  expect(withToken("status:503", "route:pay")).toBe("status:503 route:pay");
  expect(without("a:1 b:2 c:3", 1)).toBe("a:1 c:3");
  expect(without("a:1", 0)).toBeUndefined();
});

test("a brush takes the place of the latencies that were there", () => {
  const tokens = latencyTokens(724_077, 1_448_155);
  expect(tokens).toEqual(["ms>=724", "ms<1449"]);
  expect(withOnly("route:pay ms>1000 ms<=2000", tokens, latencyHeads)).toBe("route:pay ms>=724 ms<1449");
  expect(latencyTokens(0, 1024)).toEqual(["ms<1024us"]);
  expect(latencyTokens(64_000, undefined)).toEqual(["ms>=64"]);
});

test("where the server says it is wrong", () => {
  expect(wrongAt("query.q[11:21]")).toEqual([11, 21]);
  expect(wrongAt("query.from")).toBeUndefined();
});

test("what is being typed has a name, a comparison and a value", () => {
  expect(typingOf("-status:5")).toEqual({ not: true, name: "status", op: ":", value: "5" });
  expect(typingOf("ms>=10")).toEqual({ not: false, name: "ms", op: ">=", value: "10" });
  expect(typingOf("sta")).toEqual({ not: false, name: "sta", op: "", value: "" });
  expect(typingOf('app:"Web s')).toEqual({ not: false, name: "app", op: ":", value: "Web s" });
});
