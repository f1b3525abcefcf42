import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { ChannelInput, ChannelPatch, MappingPreview } from "./types";

export const channelsQuery = (launch: string) =>
  queryOptions({
    queryKey: ["channels", launch],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/launches/{id}/channels", { params: { path: { id: launch } }, signal }))).items,
  });

export const channelQuery = (id: string) =>
  queryOptions({
    queryKey: ["channel", id],
    queryFn: ({ signal }) => ask(client.GET("/channels/{id}", { params: { path: { id } }, signal })),
  });

/** What kinds there are changes with the server's version only. */
export const channelKindsQuery = queryOptions({
  queryKey: ["channel-kinds"],
  queryFn: async ({ signal }) => (await ask(client.GET("/channel-kinds", { signal }))).items,
  staleTime: Number.POSITIVE_INFINITY,
});

/** What a sample means by a mapping; nothing is kept. */
export const mappingPreviewQuery = (body: MappingPreview) =>
  queryOptions({
    queryKey: ["mapping-preview", body],
    queryFn: async ({ signal }) =>
      (await ask(client.POST("/channel-mappings/preview", { body, signal }))).items,
    placeholderData: (before) => before,
    retry: false,
    gcTime: 60_000,
  });

export const channelApi = {
  create: (launch: string, body: ChannelInput) =>
    ask(client.POST("/launches/{id}/channels", { params: { path: { id: launch } }, body })),
  change: (id: string, body: ChannelPatch) =>
    ask(client.PATCH("/channels/{id}", { params: { path: { id } }, body })),
  rotate: (id: string, overlap_hours: number) =>
    ask(client.POST("/channels/{id}/key", { params: { path: { id } }, body: { overlap_hours } })),
  /** Only widgets are tried out this way. */
  test: (id: string) => ask(client.POST("/channels/{id}/test", { params: { path: { id } } })),
  remove: (id: string) => ask(client.DELETE("/channels/{id}", { params: { path: { id } } })),
};
