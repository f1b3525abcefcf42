import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

export type DeliveryFilter = { state?: string[]; channel?: string[]; q?: string };

export const deliveryListQuery = (launch: string, filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ["delivery-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/api/v1/deliveries", {
          params: { query: { launch_id: launch, ...filter, limit: 100, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor || undefined,
    placeholderData: (before) => before,
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ["delivery", id],
    queryFn: ({ signal }) => ask(client.GET("/api/v1/deliveries/{id}", { params: { path: { id } }, signal })),
  });

export const deliveryApi = {
  replay: (id: string) => ask(client.POST("/api/v1/deliveries/{id}/replay", { params: { path: { id } } })),
  replayDead: (launch: string) =>
    ask(client.POST("/api/v1/deliveries/replay", { body: { state: "dead", launch_id: launch } })),
};
