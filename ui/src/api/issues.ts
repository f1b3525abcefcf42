import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { IssueFilter } from "./issue-filter";
import { issueFilterQuery } from "./issue-filter";
import type { IssuePatch } from "./types";

export const issueListQuery = (launch: string, filter: IssueFilter) =>
  infiniteQueryOptions({
    queryKey: ["issue-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/issues", {
          params: {
            path: { id: launch },
            query: {
              ...issueFilterQuery(filter),
              limit: 100,
              cursor: pageParam || undefined,
              facets: pageParam ? undefined : true,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    placeholderData: (before) => before,
  });

/** The few issues a picker offers for what was typed. */
export const issueSearchQuery = (launch: string, q: string) =>
  queryOptions({
    queryKey: ["issue-search", launch, q],
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/launches/{id}/issues", {
            params: { path: { id: launch }, query: { q: q || undefined, open: "true", limit: 8 } },
            signal,
          }),
        )
      ).items,
    placeholderData: (before) => before,
  });

/** By id or by key, such as HC-12. */
export const issueQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue", id],
    queryFn: ({ signal }) => ask(client.GET("/issues/{id}", { params: { path: { id } }, signal })),
  });

export const issueFeedbackQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["issue-feedback", id],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/issues/{id}/feedback", {
          params: { path: { id }, query: { limit: 50, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
  });

export const issueReportersQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue-reporters", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/issues/{id}/reporters", { params: { path: { id } }, signal }))).items,
  });

export const similarIssuesQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue-similar", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/issues/{id}/similar", { params: { path: { id } }, signal }))).items,
  });

export const issueApi = {
  patch: (id: string, body: IssuePatch) =>
    ask(client.PATCH("/issues/{id}", { params: { path: { id } }, body })),
  merge: (id: string, into: string) =>
    ask(client.POST("/issues/{id}/merge", { params: { path: { id } }, body: { into } })),
  split: (id: string, feedbackIds: string[], title: string) =>
    ask(
      client.POST("/issues/{id}/split", {
        params: { path: { id } },
        body: { feedback_ids: feedbackIds, ...(title ? { title } : {}) },
      }),
    ),
};
