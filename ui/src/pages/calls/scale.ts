import type { CallHeatmap } from "@/api/types";

/** The rows of a heatmap that are worth drawing: those with calls and a few around, from the bottom up. */
export function rowsOf(
  h: Pick<CallHeatmap, "cells" | "bounds_us">,
  least = 10,
): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = -1;
  for (const c of h.cells) {
    low = Math.min(low, c.y);
    high = Math.max(high, c.y);
  }
  if (high < 0) return { low: at(h.bounds_us, 1_000), high: at(h.bounds_us, 1_000_000) };
  const missing = Math.max(0, least - (high - low + 1));
  low = Math.max(0, low - Math.max(1, Math.floor(missing / 2)));
  high = Math.min(h.bounds_us.length - 1, Math.max(high + 1, low + least - 1));
  return { low, high };
}

const at = (bounds: number[], us: number): number =>
  Math.max(
    0,
    bounds.findIndex((b) => b >= us),
  );

/** How full a cell is drawn, 0 to 1: by the logarithm, so that single calls beside thousands are still seen. */
export const weight = (count: number, most: number): number =>
  most <= 1 ? 1 : 0.18 + 0.82 * (Math.log(count) / Math.log(most));

/** Powers of ten among the rows, for the axis: their lower ends in us, each with its row. */
export function ticksOf(bounds: number[], low: number, high: number): { us: number; y: number }[] {
  const out: { us: number; y: number }[] = [];
  for (let us = 10; us <= 1e10; us *= 10) {
    const y = fractionOf(bounds, us);
    if (y >= low && y <= high + 1) out.push({ us, y });
  }
  return out;
}

/** Where a latency lies among the rows, with the part of its row. */
function fractionOf(bounds: number[], us: number): number {
  const i = bounds.findIndex((b) => b > us) - 1;
  if (i < 0) return bounds.length;
  const from = bounds[i] as number;
  const to = bounds[i + 1] as number;
  return i + (us - from) / (to - from);
}

/** A round number that a chart's axis ends on. */
export function roundUp(n: number): number {
  if (n <= 5) return Math.max(1, n);
  const step = 10 ** Math.floor(Math.log10(n));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((k) => k * step).find((v) => v >= n) ?? n;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((k) => k * second),
  ...[1, 2, 5, 10, 15, 30].map((k) => k * minute),
  ...[1, 2, 3, 6, 12].map((k) => k * hour),
  ...[1, 2, 7, 14].map((k) => k * day),
];

/** Round times between two, at most so many, each with how much of the way it lies. */
export function timeTicks(from: number, to: number, most: number): { at: number; x: number; step: number }[] {
  const step = steps.find((s) => (to - from) / s <= most) ?? 30 * day;
  const out = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step)
    out.push({ at, x: (at - from) / (to - from), step });
  return out;
}
