import type { RouteState } from "@/api/types";
import { routeName } from "../gateway/figures";

/** What a route did between two readings of its counters. */
export interface Step {
  /** Calls a second. */
  rate: number;
  /** Share of answers of class 5xx; undefined when there was none. */
  errors: number | undefined;
}

/** What is read of a route. */
export type Counted = Pick<RouteState, "api" | "version" | "route" | "requests" | "statuses">;

type Count = [requests: number, errors: number];
const none: Count = [0, 0];

interface Reading {
  at: number;
  counts: Map<string, Count>;
}

/** Readings that are kept: about three minutes of one each four seconds. */
const kept = 46;

/** Follows the counters of routes while a page is open, and tells rates from their differences. */
export class Samples {
  private readings: Reading[] = [];

  add(state: { routes: Counted[] }, at: number): void {
    const last = this.readings.at(-1);
    if (last && at <= last.at) return;
    const counts = new Map<string, Count>();
    for (const r of state.routes) counts.set(routeName(r), [r.requests, r.statuses["5xx"] ?? 0]);
    this.readings = [...this.readings, { at, counts }].slice(-kept);
  }

  /** The steps of a route, oldest first. A counter that went back was a restart, and says nothing. */
  of(name: string): Step[] {
    const out: Step[] = [];
    this.readings.forEach((now, i) => {
      const before = this.readings[i - 1];
      if (!before) return;
      const a = before.counts.get(name) ?? none;
      const b = now.counts.get(name) ?? none;
      const calls = b[0] - a[0];
      if (calls < 0) return;
      out.push({
        rate: calls / ((now.at - before.at) / 1000),
        errors: calls ? Math.max(0, b[1] - a[1]) / calls : undefined,
      });
    });
    return out;
  }
}
