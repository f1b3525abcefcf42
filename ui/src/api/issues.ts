import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { IssueFilter } from "./issue-filter";
import { issueFilterQuery } from "./issue-filter";
import type { IssueBulk, IssueInput, IssuePatch, LinkKind } from "./types";

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

/** The first of each part of a list, such as of each stage. */
export const issuePartQuery = (launch: string, filter: IssueFilter) =>
  queryOptions({
    queryKey: ["issue-list", launch, "part", filter],
    queryFn: ({ signal }) =>
      ask(
        client.GET("/launches/{id}/issues", {
          params: { path: { id: launch }, query: { ...issueFilterQuery(filter), limit: 100 } },
          signal,
        }),
      ),
    placeholderData: (before) => before,
  });

/** Counts beside the filters, without rows. */
export const issueFacetsQuery = (launch: string, filter: IssueFilter) =>
  queryOptions({
    queryKey: ["issue-list", launch, "facets", filter],
    queryFn: ({ signal }) =>
      ask(
        client.GET("/launches/{id}/issues", {
          params: { path: { id: launch }, query: { ...issueFilterQuery(filter), limit: 1, facets: true } },
          signal,
        }),
      ),
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

/** What merging issues into one would make; the server counts people that reported to both once. */
export const mergePreviewQuery = (launch: string, ids: string[], into: string) =>
  queryOptions({
    queryKey: ["merge-preview", launch, ids, into],
    queryFn: ({ signal }) =>
      ask(
        client.GET("/launches/{id}/issues/merge-preview", {
          params: { path: { id: launch }, query: { ids, into } },
          signal,
        }),
      ),
    placeholderData: (before) => before,
  });

export const splitPreviewQuery = (id: string, feedbackIds: string[]) =>
  queryOptions({
    queryKey: ["split-preview", id, feedbackIds],
    queryFn: ({ signal }) =>
      ask(
        client.POST("/issues/{id}/split/preview", {
          params: { path: { id } },
          body: { feedback_ids: feedbackIds },
          signal,
        }),
      ),
    placeholderData: (before) => before,
  });

/** Its reports in groups that tell the same. */
export const issueGroupsQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue-groups", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/issues/{id}/groups", { params: { path: { id } }, signal }))).items,
  });

export const issueApi = {
  create: (launch: string, body: IssueInput) =>
    ask(client.POST("/launches/{id}/issues", { params: { path: { id: launch } }, body })),
  changeMany: (launch: string, ids: string[], change: IssueBulk) =>
    ask(
      client.POST("/launches/{id}/issues/change", {
        params: { path: { id: launch } },
        body: { ids, change },
      }),
    ),
  mergeMany: (launch: string, ids: string[], into: string) =>
    ask(
      client.POST("/launches/{id}/issues/merge", {
        params: { path: { id: launch } },
        body: { ids, into },
      }),
    ),
  link: (id: string, to: string, kind: LinkKind) =>
    ask(client.POST("/issues/{id}/links", { params: { path: { id } }, body: { to, kind } })),
  unlink: (id: string, link: string) =>
    ask(client.DELETE("/issues/{id}/links/{link}", { params: { path: { id, link } } })),
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
