import type { RouteState } from "@/api/types";
import { decimal } from "@/i18n/format";
import type { State } from "@/ui/glyph";

/** The share of answers of class 5xx, 0 to 1; undefined before anything was answered. */
export function errorShare(r: Pick<RouteState, "requests" | "statuses">): number | undefined {
  return r.requests ? (r.statuses["5xx"] ?? 0) / r.requests : undefined;
}

/** How a share of errors is: a watch from 1 in 1,000, degraded from 1 in 100, critical from 1 in 20. */
export function stateOfErrors(share: number | undefined): State {
  if (share === undefined) return "idle";
  if (share >= 0.05) return "critical";
  if (share >= 0.01) return "degraded";
  return share >= 0.001 ? "watch" : "ok";
}

/** Milliseconds with as many digits as say something: 0.42, 4.2, 42, 4,200. */
export const ms = (v: number): string => decimal(v, v < 1 ? 2 : v < 10 ? 1 : 0);

/** The name of a route of a version of an API, as the URL has it. */
export const routeName = (r: { api: string; version?: string; route: string }): string =>
  [r.api, r.version, r.route].filter(Boolean).join(" ");
