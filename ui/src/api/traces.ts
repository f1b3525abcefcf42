import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

/** A trace as a waterfall. Its last spans may still be on their way for a minute. */
export const waterfallQuery = (id: string) =>
  queryOptions({
    queryKey: ["waterfall", id],
    staleTime: 30_000,
    queryFn: ({ signal }) =>
      ask(client.GET("/traces/{trace_id}", { params: { path: { trace_id: id } }, signal })),
    retry: false,
  });

/** What services logged in a trace, oldest first. */
export const traceLogsQuery = (id: string) =>
  queryOptions({
    queryKey: ["trace-logs", id],
    staleTime: 30_000,
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/logs", { params: { query: { trace: id, order: "oldest", limit: 500 } }, signal }),
        )
      ).items,
    retry: false,
  });
