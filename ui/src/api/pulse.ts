import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

/** How far back the chart looks. */
export const pulseRanges = ["6h", "24h", "7d", "launch"] as const;
export type PulseRange = (typeof pulseRanges)[number];

/** Where the lines of what happened come from. */
export const activitySources = ["feedback", "issue", "decision"] as const;
export type ActivitySource = (typeof activitySources)[number];

/** What the command centre shows, as it stands in the URL. */
export interface CentreSearch {
  /** As of then; absent: now. */
  at?: string;
  range?: PulseRange;
  /** Only these lines of what happened. */
  source?: ActivitySource;
  /** "1": for a screen on the wall. */
  tv?: "1";
}

export const defaultRange: PulseRange = "7d";

/** Everything but the lines of what happened, in one answer. */
export const pulseQuery = (launch: string, { at, range = defaultRange }: CentreSearch) =>
  queryOptions({
    queryKey: ["pulse", launch, at ?? "now", range],
    queryFn: ({ signal }) =>
      ask(
        client.GET("/launches/{id}/pulse", {
          params: { path: { id: launch }, query: { at, range } },
          signal,
        }),
      ),
    placeholderData: (before) => before,
    // Ages grow without an event. The past does not change.
    refetchInterval: at ? false : 60_000,
    staleTime: at ? 60_000 : 5_000,
  });

export const activityQuery = (launch: string, { at, source }: CentreSearch) =>
  infiniteQueryOptions({
    queryKey: ["activity", launch, at ?? "now", source ?? "all"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/activity", {
          params: { path: { id: launch }, query: { at, source, cursor: pageParam || undefined, limit: 30 } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    staleTime: at ? 60_000 : 5_000,
  });
