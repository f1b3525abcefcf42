import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { Shadow } from "./types";

/** How what mirrors answer compares with what callers got, by route; it changes with every call. */
export const shadowsQuery = queryOptions({
  queryKey: ["shadows"],
  queryFn: async ({ signal }) => (await ask(client.GET("/gateway/shadows", { signal }))).items,
  refetchInterval: 5_000,
});

export const resetShadow = ({ api, version, route }: Shadow) =>
  ask(client.POST("/gateway/shadows/reset", { body: { api, version, route } }));
