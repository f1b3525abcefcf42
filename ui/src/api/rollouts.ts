import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { Rollout, RolloutInput } from "./types";

/** Whether anything still follows. */
export const underWay = (r: Pick<Rollout, "ended_at">): boolean => !r.ended_at;

/** Rollouts of new versions, newest first. What is under way changes by itself. */
export const rolloutsQuery = infiniteQueryOptions({
  queryKey: ["rollouts"],
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) =>
    ask(
      client.GET("/gateway/rollouts", {
        params: { query: { limit: 50, cursor: pageParam || undefined } },
        signal,
      }),
    ),
  getNextPageParam: (last) => last.next_cursor,
});

/** One with its figures, which are read again while it is under way. */
export const rolloutQuery = (id: string) =>
  queryOptions({
    queryKey: ["rollout", id],
    queryFn: ({ signal }) => ask(client.GET("/gateway/rollouts/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (q) => (q.state.data?.ended_at ? false : 2_000),
  });

export const rolloutVerbs = ["pause", "resume", "advance", "promote", "abort"] as const;
export type RolloutVerb = (typeof rolloutVerbs)[number];

export const rolloutApi = {
  start: (body: RolloutInput) => ask(client.POST("/gateway/rollouts", { body })),
  act: (id: string, verb: RolloutVerb, reason?: string) => {
    const how = { params: { path: { id } }, body: { reason: reason || undefined } };
    switch (verb) {
      case "pause":
        return ask(client.POST("/gateway/rollouts/{id}/pause", how));
      case "resume":
        return ask(client.POST("/gateway/rollouts/{id}/resume", how));
      case "advance":
        return ask(client.POST("/gateway/rollouts/{id}/advance", how));
      case "promote":
        return ask(client.POST("/gateway/rollouts/{id}/promote", how));
      case "abort":
        return ask(client.POST("/gateway/rollouts/{id}/abort", how));
    }
  },
};
