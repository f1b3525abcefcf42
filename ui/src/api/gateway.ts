import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { ApiNextState, OpenAPIImport } from "./types";

/** APIs, routes and policies in force. */
export const outlineQuery = queryOptions({
  queryKey: ["gateway-outline"],
  queryFn: ({ signal }) => ask(client.GET("/gateway/outline", { signal })),
});

/** Versions of APIs with the dates of their lives. */
export const apisQuery = queryOptions({
  queryKey: ["gateway-apis"],
  queryFn: ({ signal }) => ask(client.GET("/gateway/apis", { signal })),
});

/** The document in force. Only for those who may publish: it can hold credentials. */
export const documentQuery = queryOptions({
  queryKey: ["gateway-document"],
  queryFn: ({ signal }) => ask(client.GET("/gateway", { signal })),
});

/** What routes have done and how targets stand; read again every few seconds while it is looked at. */
export const gatewayStateQuery = queryOptions({
  queryKey: ["gateway-state"],
  refetchInterval: 4_000,
  queryFn: ({ signal }) => ask(client.GET("/gateway/state", { signal })),
});

export const publicationsQuery = infiniteQueryOptions({
  queryKey: ["publications"],
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) =>
    ask(
      client.GET("/gateway/publications", {
        params: { query: { limit: 30, cursor: pageParam || undefined } },
        signal,
      }),
    ),
  getNextPageParam: (page) => page.next_cursor || undefined,
});

/** A publication with its document, which never changes. */
export const publicationQuery = (number: number) =>
  queryOptions({
    queryKey: ["publication", number],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      ask(client.GET("/gateway/publications/{number}", { params: { path: { number } }, signal })),
  });

/** What is wrong with a document, or what it would change. */
export const checkQuery = (document: string) =>
  queryOptions({
    queryKey: ["gateway-check", document],
    queryFn: ({ signal }) => ask(client.POST("/gateway/check", { body: { document }, signal })),
    placeholderData: (before) => before,
    gcTime: 60_000,
  });

/** What every route did in the last hour; counters are sampled each few seconds. */
export const trafficQuery = queryOptions({
  queryKey: ["gateway-traffic"],
  refetchInterval: 10_000,
  queryFn: ({ signal }) =>
    ask(client.GET("/gateway/traffic", { params: { query: { range: "1h" } }, signal })),
});

export const routeRanges = ["15m", "1h", "6h", "24h"] as const;
export type RouteRange = (typeof routeRanges)[number];

/** One route over time. */
export const routeTrafficQuery = (of: { api: string; version?: string; route: string }, range: RouteRange) =>
  queryOptions({
    queryKey: ["gateway-traffic", "route", of, range],
    refetchInterval: 10_000,
    queryFn: ({ signal }) =>
      ask(client.GET("/gateway/traffic/route", { params: { query: { ...of, range } }, signal })),
    placeholderData: (before) => before,
  });

export const gatewayApi = {
  importOpenAPI: (body: OpenAPIImport) => ask(client.POST("/gateway/openapi", { body })),
  publish: (body: { document: string; note?: string; base?: number }) =>
    ask(client.POST("/gateway/publications", { body })),
  setState: (api: string, body: ApiNextState) =>
    ask(client.POST("/gateway/apis/{api}/state", { params: { path: { api } }, body })),
  newPreviewKey: (api: string, version: string) =>
    ask(client.POST("/gateway/apis/{api}/preview-key", { params: { path: { api } }, body: { version } })),
  rollBack: (to?: number) => ask(client.POST("/gateway/roll-back", { body: { to } })),
};
