import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import { type FeedbackFilter, filterQuery } from "./filter";
import type { Dismissal, FeedbackPatch } from "./types";

const pageSize = 60;

/** One launch's feedback by filter, page after page. Only the first page asks for facets: they are dear. */
export const feedbackListQuery = (launch: string, filter: FeedbackFilter) =>
  infiniteQueryOptions({
    queryKey: ["feedback-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/feedback", {
          params: {
            path: { id: launch },
            query: { ...filterQuery(filter), limit: pageSize, cursor: pageParam || undefined },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
  });

/** Counts beside the filters and tabs, asked apart from the rows so that the rows never wait for them. */
export const feedbackFacetsQuery = (launch: string, filter: FeedbackFilter) =>
  queryOptions({
    queryKey: ["feedback-facets", launch, filter],
    queryFn: async ({ signal }) => {
      const page = await ask(
        client.GET("/launches/{id}/feedback", {
          params: { path: { id: launch }, query: { ...filterQuery(filter), limit: 1, facets: true } },
          signal,
        }),
      );
      const { facets = {}, tabs = {}, pace, total, took_ms: tookMs } = page;
      return { facets, tabs, pace, total, tookMs };
    },
    placeholderData: (before) => before,
  });

/** The few reports the palette offers for what was typed. */
export const feedbackSearchQuery = (launch: string, q: string) =>
  queryOptions({
    queryKey: ["feedback-search", launch, q],
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/launches/{id}/feedback", {
            params: { path: { id: launch }, query: { q, limit: 6 } },
            signal,
          }),
        )
      ).items,
    placeholderData: (before) => before,
  });

export const feedbackQuery = (id: string) =>
  queryOptions({
    queryKey: ["feedback", id],
    queryFn: ({ signal }) => ask(client.GET("/feedback/{id}", { params: { path: { id } }, signal })),
  });

export const relatedQuery = (id: string) =>
  queryOptions({
    queryKey: ["feedback-related", id],
    queryFn: ({ signal }) => ask(client.GET("/feedback/{id}/related", { params: { path: { id } }, signal })),
  });

export const proposalsQuery = (launch: string) =>
  queryOptions({
    queryKey: ["proposals", launch],
    queryFn: ({ signal }) =>
      ask(client.GET("/launches/{id}/proposals", { params: { path: { id: launch } }, signal })),
  });

export const feedbackApi = {
  patch: (id: string, body: FeedbackPatch) =>
    ask(client.PATCH("/feedback/{id}", { params: { path: { id } }, body })),
  accept: (id: string, issueId?: string) =>
    ask(
      client.POST("/feedback/{id}/accept", {
        params: { path: { id } },
        body: issueId ? { issue_id: issueId } : {},
      }),
    ),
  acceptMany: (launch: string, ids: string[], group: boolean, issueId?: string) =>
    ask(
      client.POST("/launches/{id}/feedback/accept", {
        params: { path: { id: launch } },
        body: { ids, group, ...(issueId ? { issue_id: issueId } : {}) },
      }),
    ),
  ignore: (id: string) => ask(client.POST("/feedback/{id}/ignore", { params: { path: { id } }, body: {} })),
  ignoreMany: (launch: string, ids: string[]) =>
    ask(
      client.POST("/launches/{id}/feedback/ignore", {
        params: { path: { id: launch } },
        body: { ids },
      }),
    ),
  /** Ids of all that a search finds, the first thousand of them. */
  ids: (launch: string, filter: FeedbackFilter) =>
    ask(
      client.GET("/launches/{id}/feedback/ids", {
        params: { path: { id: launch }, query: filterQuery(filter) },
      }),
    ),
  correctMany: (launch: string, ids: string[], change: FeedbackPatch) =>
    ask(
      client.POST("/launches/{id}/feedback/correct", {
        params: { path: { id: launch } },
        body: { ids, ...change },
      }),
    ),
  /** Puts off until a time; without one it is back at once. */
  snooze: (id: string, until: string | undefined) =>
    ask(client.POST("/feedback/{id}/snooze", { params: { path: { id } }, body: { until } })),
  snoozeMany: (launch: string, ids: string[], until: string | undefined) =>
    ask(
      client.POST("/launches/{id}/feedback/snooze", {
        params: { path: { id: launch } },
        body: { ids, until },
      }),
    ),
  dismiss: (id: string, suggestion: Dismissal) =>
    ask(client.POST("/feedback/{id}/dismiss", { params: { path: { id } }, body: suggestion })),
  undo: (undoId: string) => ask(client.POST("/undo/{id}", { params: { path: { id: undoId } } })),
};
