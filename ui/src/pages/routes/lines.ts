import { underWay } from "@/api/rollouts";
import type {
  GatewayState,
  Outline,
  OutlineApi,
  OutlineRoute,
  Rollout,
  RouteState,
  RouteTraffic,
  TargetState,
  Traffic,
} from "@/api/types";
import { routeName } from "../gateway/figures";

/** A route as the table has it: what it is, what it did, and who answers it. */
export interface RouteLine {
  name: string;
  api: OutlineApi;
  route: OutlineRoute;
  /** Counted on this node since it started. */
  did: RouteState | undefined;
  /** In the last hour; undefined when it was not called. */
  traffic: RouteTraffic | undefined;
  /** The latest rollout that holds for it. */
  rollout: Rollout | undefined;
  targets: TargetState[];
}

export const routeSorts = ["document", "calls", "p95", "errors"] as const;
export type RouteSort = (typeof routeSorts)[number];

/** The latest rollout of a route: of its API, if it names the route or none. */
function rolloutOf(
  rollouts: Rollout[] | undefined,
  of: { api: string; version?: string; route: string },
): Rollout | undefined {
  return rollouts?.find(
    (r) =>
      r.api === of.api &&
      (r.version ?? "") === (of.version ?? "") &&
      (!r.routes?.length || r.routes.includes(of.route)),
  );
}

/** Every route that serves, in the order of the document. */
export function linesOf(
  outline: Outline,
  state: GatewayState | undefined,
  traffic?: Traffic,
  rollouts?: Rollout[],
): RouteLine[] {
  const hour = new Map(traffic?.routes.map((r) => [routeName(r), r]));
  const did = new Map(state?.routes.map((r) => [routeName(r), r]));
  return outline.apis
    .filter((a) => a.state === "published" || a.state === "deprecated")
    .flatMap((api) =>
      api.routes.map((route) => {
        const name = routeName({ api: api.name, version: api.version, route: route.name });
        const ups = new Set(route.shares.filter((s) => s.weight > 0).map((s) => s.upstream));
        const rollout = rolloutOf(rollouts, { api: api.name, version: api.version, route: route.name });
        if (rollout && underWay(rollout)) ups.add(rollout.canary);
        return {
          name,
          api,
          route,
          did: did.get(name),
          traffic: hour.get(name),
          rollout,
          targets: state?.targets.filter((t) => ups.has(t.upstream)) ?? [],
        };
      }),
    );
}

export function sorted(lines: RouteLine[], by: RouteSort): RouteLine[] {
  const of: Record<Exclude<RouteSort, "document">, (l: RouteLine) => number> = {
    calls: (l) => l.traffic?.requests ?? 0,
    p95: (l) => l.traffic?.p95_ms ?? 0,
    errors: (l) => l.traffic?.errors ?? 0,
  };
  return by === "document" ? lines : [...lines].sort((a, b) => of[by](b) - of[by](a));
}

/** A target takes calls, is left alone for a while, or failed its health check. */
export const targetState = (t: TargetState): "up" | "ejected" | "down" =>
  !t.healthy ? "down" : t.ejected_until ? "ejected" : "up";
