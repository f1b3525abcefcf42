import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

/** Alerts that are pending or firing, or those that have ended; newest first. */
export const alertsQuery = (state?: "resolved") =>
  infiniteQueryOptions({
    queryKey: ["alerts", state ?? "active"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/alerts", {
          params: { query: { state, limit: 100, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
  });

export const alertCountQuery = queryOptions({
  queryKey: ["alert-counts"],
  queryFn: ({ signal }) => ask(client.GET("/alerts/count", { signal })),
});

export const ruleGroupsQuery = queryOptions({
  queryKey: ["rule-groups"],
  queryFn: async ({ signal }) => (await ask(client.GET("/rule-groups", { signal }))).items,
});

/** What is wrong with the document of a group of rules. */
export const ruleCheckQuery = (document: string) =>
  queryOptions({
    queryKey: ["rule-group-check", document],
    queryFn: ({ signal }) => ask(client.POST("/rule-groups/check", { body: { document }, signal })),
    placeholderData: (before) => before,
    gcTime: 60_000,
  });

export const ruleGroupApi = {
  put: (name: string, document: string) =>
    ask(client.PUT("/rule-groups/{name}", { params: { path: { name } }, body: { document } })),
  remove: (name: string) => ask(client.DELETE("/rule-groups/{name}", { params: { path: { name } } })),
};
