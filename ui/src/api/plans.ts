import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { PlanInput, PlanPatch } from "./types";

export const plansQuery = queryOptions({
  queryKey: ["plans"],
  queryFn: async ({ signal }) => (await ask(client.GET("/plans", { signal }))).items,
});

/** What an application has used of its quotas, read again while it is looked at. */
export const usageQuery = (id: string) =>
  queryOptions({
    queryKey: ["application-usage", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/applications/{id}/usage", { params: { path: { id } }, signal }))).items,
    refetchInterval: 5_000,
  });

export const planApi = {
  create: (body: PlanInput) => ask(client.POST("/plans", { body })),
  change: (id: string, body: PlanPatch) =>
    ask(client.PATCH("/plans/{id}", { params: { path: { id } }, body })),
  delete: (id: string) => ask(client.DELETE("/plans/{id}", { params: { path: { id } } })),
};
