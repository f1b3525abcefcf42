import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { ApplicationInput, ApplicationPatch, KeyInput } from "./types";

export const applicationsQuery = queryOptions({
  queryKey: ["applications"],
  queryFn: async ({ signal }) => (await ask(client.GET("/applications", { signal }))).items,
});

export const applicationApi = {
  create: (body: ApplicationInput) => ask(client.POST("/applications", { body })),
  change: (id: string, body: ApplicationPatch) =>
    ask(client.PATCH("/applications/{id}", { params: { path: { id } }, body })),
  createKey: (id: string, body: KeyInput) =>
    ask(client.POST("/applications/{id}/keys", { params: { path: { id } }, body })),
  revokeKey: (id: string, key: string) =>
    ask(client.DELETE("/applications/{id}/keys/{key}", { params: { path: { id, key } } })),
};
