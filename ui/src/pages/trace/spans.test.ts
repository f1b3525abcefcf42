import { describe, expect, test } from "vitest";
import type { SpanNode, SpanTrace } from "@/api/types";
import { barOf, fillOf, fillsOf, notable, shortTrace, took } from "./spans";

const span = (id: string, more: Partial<SpanNode> = {}): SpanNode =>
  ({ span_id: id, service: "shop", name: id, depth: 1, offset_ms: 0, duration_ms: 1, ...more }) as SpanNode;

describe("a waterfall", () => {
  test("gives each service a colour, and the gateway none", () => {
    const list = [span("a", { service: "gateway" }), span("b"), span("c", { service: "pay" }), span("d")];
    const fills = fillsOf(list);
    expect([...fills.values()]).toEqual(["bg-idle-fill", "bg-s1", "bg-s2"]);
    expect(fillOf(span("x", { status: "error" }), fills)).toBe("bg-critical-fill");
    expect(fillOf(span("x", { slowest: true }), fills)).toBe("bg-degraded-fill");
    expect(fillOf(span("x", { slowest: true, depth: 0, service: "gateway" }), fills)).toBe("bg-idle-fill");
  });

  test("keeps bars within the trace", () => {
    const trace = { duration_ms: 100 } as SpanTrace;
    expect(barOf(span("a", { offset_ms: 25, duration_ms: 50 }), trace)).toEqual({
      left: "25%",
      width: "50%",
    });
    expect(barOf(span("a", { offset_ms: -5, duration_ms: 500 }), trace)).toEqual({
      left: "0%",
      width: "100%",
    });
    expect(barOf(span("a", { offset_ms: 100, duration_ms: 0 }), { duration_ms: 0 } as SpanTrace).left).toBe(
      "99.5%",
    );
  });

  test("shows what failed and what was slow with what they are part of", () => {
    const list = [
      span("root", { duration_ms: 100 }),
      ...Array.from({ length: 20 }, (_, i) => span(`q${i}`, { parent_id: "root", duration_ms: 3 })),
      span("deep", { parent_id: "root", duration_ms: 2 }),
      span("broken", { parent_id: "deep", duration_ms: 1, status: "error" }),
    ];
    const shown = notable(list, 5).map((s) => s.name);
    expect(shown).toHaveLength(5);
    expect(shown).toEqual(expect.arrayContaining(["root", "deep", "broken"]));
    expect(shown[0]).toBe("root");
    expect(notable(list, 50)).toBe(list);
  });

  test("writes times so that rows compare", () => {
    expect([8004, 318.4, 0.25].map(took)).toEqual(["8,004 ms", "318 ms", "250 µs"]);
  });

  test("shortens ids", () => expect(shortTrace("7f3c91ae04d27f3c91ae04d27f3c91ae")).toBe("7f3c 91ae 04d2"));
});
