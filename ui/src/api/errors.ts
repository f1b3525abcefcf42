import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { ErrorPatch } from "./types";

export interface ErrorFilter {
  state?: "unresolved" | "resolved" | "ignored" | "all";
  sort?: "last" | "first" | "events" | "users";
  q?: string;
  user?: string;
  release?: string;
  environment?: string;
}

export const errorsQuery = (launch: string, filter: ErrorFilter) =>
  infiniteQueryOptions({
    queryKey: ["errors", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/launches/{id}/errors", {
          params: { path: { id: launch }, query: { ...filter, limit: 100, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    placeholderData: (before) => before,
  });

export const errorQuery = (id: string) =>
  queryOptions({
    queryKey: ["error", id],
    queryFn: ({ signal }) => ask(client.GET("/errors/{id}", { params: { path: { id } }, signal })),
    placeholderData: (before) => before,
  });

export const errorEventsQuery = (id: string) =>
  queryOptions({
    queryKey: ["error-events", id],
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/errors/{id}/events", { params: { path: { id }, query: { limit: 20 } }, signal }),
        )
      ).items,
  });

export const errorEventQuery = (id: string) =>
  queryOptions({
    queryKey: ["error-event", id],
    queryFn: ({ signal }) => ask(client.GET("/error-events/{id}", { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const errorUsersQuery = (id: string) =>
  queryOptions({
    queryKey: ["error-events", id, "users"],
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/errors/{id}/users", { params: { path: { id }, query: { limit: 10 } }, signal }),
        )
      ).items,
  });

export const errorFeedbackQuery = (id: string) =>
  queryOptions({
    queryKey: ["error-feedback", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/errors/{id}/feedback", { params: { path: { id } }, signal }))).items,
  });

export const releaseHealthQuery = (launch: string) =>
  queryOptions({
    queryKey: ["errors", launch, "health"],
    queryFn: ({ signal }) =>
      ask(
        client.GET("/launches/{id}/release-health", {
          params: { path: { id: launch }, query: { days: 14 } },
          signal,
        }),
      ),
  });

export const errorApi = {
  change: (id: string, body: ErrorPatch) =>
    ask(client.PATCH("/errors/{id}", { params: { path: { id } }, body })),
  join: (id: string, issue_id?: string) =>
    ask(client.POST("/errors/{id}/issue", { params: { path: { id } }, body: { issue_id } })),
};
