import type { GatewayState, Outline, OutlineApi, OutlineRoute, RouteState, TargetState } from "@/api/types";
import { errorShare, routeName } from "../gateway/figures";

/** A route as the table has it: what it is, what it did, and who answers it. */
export interface RouteLine {
  name: string;
  api: OutlineApi;
  route: OutlineRoute;
  did: RouteState | undefined;
  targets: TargetState[];
}

export const routeSorts = ["document", "calls", "p95", "errors"] as const;
export type RouteSort = (typeof routeSorts)[number];

/** Every route that serves, in the order of the document. */
export function linesOf(outline: Outline, state: GatewayState | undefined): RouteLine[] {
  const did = new Map(state?.routes.map((r) => [routeName(r), r]));
  return outline.apis
    .filter((a) => a.state === "published" || a.state === "deprecated")
    .flatMap((api) =>
      api.routes.map((route) => {
        const name = routeName({ api: api.name, version: api.version, route: route.name });
        const ups = new Set(route.shares.filter((s) => s.weight > 0).map((s) => s.upstream));
        return {
          name,
          api,
          route,
          did: did.get(name),
          targets: state?.targets.filter((t) => ups.has(t.upstream)) ?? [],
        };
      }),
    );
}

export function sorted(lines: RouteLine[], by: RouteSort): RouteLine[] {
  const of: Record<Exclude<RouteSort, "document">, (l: RouteLine) => number> = {
    calls: (l) => l.did?.requests ?? 0,
    p95: (l) => l.did?.p95_ms ?? 0,
    errors: (l) => (l.did && errorShare(l.did)) ?? 0,
  };
  return by === "document" ? lines : [...lines].sort((a, b) => of[by](b) - of[by](a));
}

/** A target takes calls, is left alone for a while, or failed its health check. */
export const targetState = (t: TargetState): "up" | "ejected" | "down" =>
  !t.healthy ? "down" : t.ejected_until ? "ejected" : "up";
