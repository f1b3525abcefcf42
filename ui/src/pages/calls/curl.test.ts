import { expect, test } from "vitest";
import type { CallPayload } from "@/api/types";
import { curlOf } from "./curl";

const call = { id: "a", at: "2026-11-27T10:00:00Z", method: "POST", path: "/orders/1/pay", query: "a&b=2" };

test("a call becomes a command", () => {
  expect(curlOf(call, "http://127.0.0.1:8000")).toBe(
    "curl 'http://127.0.0.1:8000/orders/1/pay?a=&b=2' \\\n  -X POST",
  );
  expect(curlOf({ ...call, method: "GET", query: "", host: "api.example.com" }, "http://gw:8000/")).toBe(
    "curl 'http://gw:8000/orders/1/pay' \\\n  -H 'Host: api.example.com'",
  );
});

test("what was captured comes along, and nothing gets out of its quotes", () => {
  const payload: CallPayload = {
    request: {
      headers: [
        { name: "Content-Type", value: "application/json" },
        { name: "Content-Length", value: "9" },
      ],
      body: `{"a":"it's"}`,
    },
    response: { headers: [] },
  };
  expect(curlOf(call, "http://gw:8000", payload).split(" \\\n  ").slice(2)).toEqual([
    "-H 'Content-Type: application/json'",
    `--data-raw '{"a":"it'\\''s"}'`,
  ]);
});
