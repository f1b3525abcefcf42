import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

export const decisionFields = [
  "category",
  "severity",
  "sentiment",
  "emotion",
  "language",
  "area",
  "spam",
] as const;
export type DecisionFilter = { field?: (typeof decisionFields)[number]; corrected?: "true" };

export const decisionListQuery = (launch: string, filter: DecisionFilter) =>
  infiniteQueryOptions({
    queryKey: ["decision-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/decisions", {
          params: { path: { id: launch }, query: { ...filter, limit: 100, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    placeholderData: (before) => before,
  });

export const accuracyQuery = (launch: string) =>
  queryOptions({
    queryKey: ["accuracy", launch],
    queryFn: ({ signal }) =>
      ask(client.GET("/launches/{id}/decisions/accuracy", { params: { path: { id: launch } }, signal })),
  });
