import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

/** Fields that are measured, in the order in which they are offered. */
export const decisionFields = [
  "category",
  "severity",
  "sentiment",
  "emotion",
  "language",
  "area",
  "spam",
] as const;
export const engines = ["offline", "rule", "person"] as const;

export type DecisionFilter = {
  field?: (typeof decisionFields)[number];
  engine?: (typeof engines)[number];
  /** Only those that have another value now. */
  wrong?: "true";
  /** Of the wrong ones, what was said and what holds. */
  from?: string;
  to?: string;
  /** Rows of every field; absent are those of the field that is measured. */
  any?: "true";
};

/** The filter as the API takes it. */
export function decisionQuery({ any, field = "category", ...rest }: DecisionFilter) {
  return any ? rest : { ...rest, field };
}

export const decisionListQuery = (launch: string, filter: DecisionFilter) =>
  infiniteQueryOptions({
    queryKey: ["decision-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/decisions", {
          params: {
            path: { id: launch },
            query: { ...decisionQuery(filter), limit: 60, cursor: pageParam || undefined },
          },
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
