import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { LaunchInput, LaunchPatch } from "./types";

export const launchesQuery = queryOptions({
  queryKey: ["launches"],
  queryFn: async () => (await ask(client.GET("/launches"))).items,
});

export const launchQuery = (id: string) =>
  queryOptions({
    queryKey: ["launch", id],
    queryFn: () => ask(client.GET("/launches/{id}", { params: { path: { id } } })),
  });

export function useCreateLaunch() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: LaunchInput) => ask(client.POST("/launches", { body })),
    onSuccess: (launch) => {
      cache.setQueryData(launchQuery(launch.id).queryKey, launch);
      return cache.invalidateQueries({ queryKey: launchesQuery.queryKey });
    },
  });
}

export function usePatchLaunch(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: LaunchPatch) =>
      ask(client.PATCH("/launches/{id}", { params: { path: { id } }, body })),
    onSuccess: (launch) => {
      cache.setQueryData(launchQuery(id).queryKey, launch);
      return cache.invalidateQueries({ queryKey: launchesQuery.queryKey });
    },
  });
}

export function useArchiveLaunch() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      ask(client.PATCH("/launches/{id}", { params: { path: { id } }, body: { state: "archived" } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: launchesQuery.queryKey }),
  });
}
