import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";

export const deliveryStates = ["accepted", "processed", "dead", "undone"] as const;
export type DeliveryState = (typeof deliveryStates)[number];
export type DeliveryFilter = {
  state?: DeliveryState;
  channel?: string;
  channel_id?: string;
  parent_id?: string;
};

export const deliveryListQuery = (launch: string, filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ["delivery-list", launch, filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/deliveries", {
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
    queryFn: ({ signal }) => ask(client.GET("/deliveries/{id}", { params: { path: { id } }, signal })),
  });

export const deliveryApi = {
  replay: (id: string) => ask(client.POST("/deliveries/{id}/replay", { params: { path: { id } } })),
  replayDead: (launch: string) =>
    ask(client.POST("/launches/{id}/deliveries/replay", { params: { path: { id: launch } } })),
};
