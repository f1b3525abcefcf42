import { beforeAll, describe, expect, test, vi } from "vitest";
import { address, line, luhn, scrub } from "./mask";

beforeAll(() => {
  vi.stubGlobal("location", new URL("https://shop.example/checkout?token=abc#top"));
});

describe("what is covered", () => {
  test.each([
    ["card 4111 1111 1111 1111 refused", "card [card] refused"],
    ["order 4111111111111112 stays", "order 4111111111111112 stays"], // no card: the check digit is wrong
    ["mail ana.b+x@shop.example now", "mail [e-mail] now"],
    ["Authorization: Bearer abc.def-ghi", "Authorization: Bearer [token]"],
    ["eyJhbGciOi.eyJzdWIi.c2ln", "[token]"],
    ['{"password": "hunter2", "a": 1}', '{"password": [hidden], "a": 1}'],
    ["api_key=12345;next", "api_key=[hidden];next"],
    ["GET /a?voucher=XMAS&page=2 failed", "GET /a?voucher&page failed"],
    ["key 0123456789abcdef0123456789abcdef!", "key [token]!"],
    ["order 123e4567-e89b-12d3-a456-426614174000", "order 123e4567-e89b-12d3-a456-426614174000"],
    ["total is 49.90 after 3 tries", "total is 49.90 after 3 tries"],
  ])("%s", (from, to) => expect(scrub(from)).toBe(to));

  test("card numbers are told by their check digit", () => {
    expect(["4111111111111111", "5500005555555559", "340000000000009"].map(luhn)).toEqual([true, true, true]);
    expect(luhn("4111111111111112")).toBe(false);
  });
});

describe("a line", () => {
  test("is made of anything, and bounded", () => {
    expect(line(new TypeError("total is undefined"))).toBe("TypeError: total is undefined");
    expect(line({ a: 1 })).toBe('{"a":1}');
    expect(line(undefined)).toBe("undefined");
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(line(circle)).toBe("[object Object]");
    expect(line("x ".repeat(5000))).toHaveLength(300);
  });
  test("hides also what stands at its cut", () => {
    expect(line(`${"x ".repeat(145)}ana@shop.example`)).not.toContain("ana@");
  });
});

describe("an address", () => {
  test.each([
    ["/pay?card=4111&card=2&step=3#x", "/pay?card&step"],
    ["https://api.shop.example/v1/orders/7?key=s", "https://api.shop.example/v1/orders/7?key"],
    ["https://user:pw@shop.example/a", "/a"],
    ["/users/ana@shop.example/cart", "/users/[e-mail]/cart"],
    ["data:text/plain,secret", "data:"],
    ["http://[bad", ""],
  ])("%s", (from, to) => expect(address(from)).toBe(to));
});
