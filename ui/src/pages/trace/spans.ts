import type { SpanNode, SpanTrace } from "@/api/types";
import { number } from "@/i18n/format";
import { latency } from "../calls/format";

const serviceFills = ["bg-s1", "bg-s2", "bg-s3", "bg-s4"];

/** The colour of each service, in the order in which they were met; the gateway is grey. */
export function fillsOf(spans: SpanNode[]): Map<string, string> {
  const fills = new Map<string, string>();
  let n = 0;
  for (const { service } of spans) {
    if (fills.has(service)) continue;
    fills.set(
      service,
      service === "gateway" ? "bg-idle-fill" : (serviceFills[n++ % serviceFills.length] as string),
    );
  }
  return fills;
}

/** What a bar looks like: what failed first, then where most of the time went, then whose it is. */
export const fillOf = (s: SpanNode, fills: Map<string, string>): string =>
  s.status === "error" && !s.slowest
    ? "bg-critical-fill"
    : s.slowest && s.depth > 0
      ? "bg-degraded-fill"
      : (fills.get(s.service) ?? "bg-s1");

/** Where a bar stands, in percent of the trace; clocks of machines differ, so it may begin before it. */
export function barOf(s: SpanNode, trace: SpanTrace): { left: string; width: string } {
  const total = Math.max(trace.duration_ms, 0.001);
  const left = Math.min(99.5, Math.max(0, (s.offset_ms / total) * 100));
  return { left: `${left}%`, width: `${Math.min(100 - left, Math.max(0, (s.duration_ms / total) * 100))}%` };
}

/**
 * The spans that are worth a look where there is room for so many: those that failed or took most of the time
 * with all that they are part of, then the longest, in the order of the trace.
 */
export function notable(spans: SpanNode[], room: number): SpanNode[] {
  if (spans.length <= room) return spans;
  const byId = new Map(spans.map((s) => [s.span_id, s]));
  const chosen = new Set<SpanNode>();
  const take = (s: SpanNode | undefined) => {
    for (let at = s; at && !chosen.has(at) && chosen.size < room; at = byId.get(at.parent_id ?? "")) {
      chosen.add(at);
    }
  };
  const weight = (s: SpanNode) => (s.slowest ? 2 : 0) + (s.status === "error" ? 1 : 0);
  for (const s of [...spans].sort((a, b) => weight(b) - weight(a) || b.duration_ms - a.duration_ms)) take(s);
  return spans.filter((s) => chosen.has(s));
}

/** An id in groups of four digits, the first three: enough to tell traces apart by eye. */
export const shortTrace = (id: string): string => id.slice(0, 12).replace(/(.{4})(?=.)/g, "$1 ");

/** How long a span took, in whole milliseconds, so that rows compare: 7,402 ms; less in microseconds. */
export const took = (ms: number): string =>
  ms >= 10 ? `${number(Math.round(ms))} ms` : latency(Math.round(ms * 1000));
