import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { CallsSearch } from "@/app/search";
import { ask, client } from "./client";

/** Which calls are meant, as the API takes it: a range is how long ago it begins. */
export interface CallsFilter {
  q?: string;
  from?: string;
  to?: string;
}

export const usualRange = "1h";

export function callsFilter({ q, range, from, to }: CallsSearch): CallsFilter {
  return { q, from: from ?? range ?? usualRange, to };
}

/** Rows of one page. */
const pageSize = 200;

export const callListQuery = (filter: CallsFilter) =>
  infiniteQueryOptions({
    queryKey: ["call-list", filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/calls", {
          params: { query: { ...filter, limit: pageSize, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    // A call never changes; what is new comes by the tail.
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export const callHistogramQuery = (filter: CallsFilter, buckets: number) =>
  queryOptions({
    queryKey: ["call-histogram", filter, buckets],
    queryFn: ({ signal }) =>
      ask(client.GET("/calls/histogram", { params: { query: { ...filter, buckets } }, signal })),
    placeholderData: (before) => before,
    retry: false,
  });

export const callHeatmapQuery = (filter: CallsFilter, columns: number) =>
  queryOptions({
    queryKey: ["call-heatmap", filter, columns],
    queryFn: ({ signal }) =>
      ask(client.GET("/calls/heatmap", { params: { query: { ...filter, columns } }, signal })),
    placeholderData: (before) => before,
    retry: false,
  });

/** The names that tokens may begin with: they change with the server only. */
export const callFieldsQuery = queryOptions({
  queryKey: ["call-fields"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }) => (await ask(client.GET("/calls/fields", { signal }))).items,
});

/** The most frequent values of a field among the calls of a filter. */
export const callValuesQuery = (filter: CallsFilter, field: string) =>
  queryOptions({
    queryKey: ["call-values", filter, field],
    staleTime: 30_000,
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/calls/facets", { params: { query: { ...filter, fields: field, top: 20 } }, signal }),
        )
      ).facets[0]?.values ?? [],
    retry: false,
  });

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: ["call", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => ask(client.GET("/calls/{id}", { params: { path: { id } }, signal })),
    retry: false,
  });

/** What was captured of a call. Opening it is written into the audit log, so it is asked for once. */
export const callPayloadQuery = (id: string) =>
  queryOptions({
    queryKey: ["call-payload", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => ask(client.GET("/calls/{id}/payload", { params: { path: { id } }, signal })),
    retry: false,
  });

const searchOf = (o: object): string => {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(o)) if (v !== undefined && v !== "") p.set(k, String(v));
  return p.toString();
};

/** Where the calls of a filter are had as a file. */
export const exportPath = (filter: CallsFilter, format: "csv" | "jsonl"): string =>
  `/api/v1/calls/export?${searchOf({ ...filter, format })}`;

/** Where calls are told as they come. */
export const tailPath = (q: string | undefined, backlog: number): string =>
  `/api/v1/calls/tail?${searchOf({ q, backlog })}`;
