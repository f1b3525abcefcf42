import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

/** Alerts of other systems in their groups, newest first. */
export const alertGroupsQuery = (state?: "open" | "resolved") =>
  infiniteQueryOptions({
    queryKey: ["alert-groups", state ?? "all"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/alert-groups", {
          params: { query: { state, limit: 50, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
  });

/** One group with its report and its newest alerts, 200 at most. */
export const alertGroupQuery = (id: string) =>
  queryOptions({
    queryKey: ["alert-group", id],
    queryFn: ({ signal }) => ask(client.GET("/alert-groups/{id}", { params: { path: { id } }, signal })),
  });

export const alertGroupApi = {
  resolve: (id: string) => ask(client.POST("/alert-groups/{id}/resolve", { params: { path: { id } } })),
};
