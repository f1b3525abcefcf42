import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { ViewInput, ViewPatch } from "./types";

/** The views of a launch that one sees: shared ones and one's own, of every page. */
export const viewsQuery = (launch: string) =>
  queryOptions({
    queryKey: ["views", launch],
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/launches/{id}/views", { params: { path: { id: launch } }, signal }))).items,
  });

export const viewQuery = (id: string) =>
  queryOptions({
    queryKey: ["view", id],
    queryFn: ({ signal }) => ask(client.GET("/views/{id}", { params: { path: { id } }, signal })),
  });

export const viewApi = {
  create: (launch: string, body: ViewInput) =>
    ask(client.POST("/launches/{id}/views", { params: { path: { id: launch } }, body })),
  change: (id: string, body: ViewPatch) =>
    ask(client.PATCH("/views/{id}", { params: { path: { id } }, body })),
  remove: (id: string) => ask(client.DELETE("/views/{id}", { params: { path: { id } } })),
};
