import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { TokenInput, UserInput, UserPatch } from "./types";

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async () => (await ask(client.GET("/tokens"))).items,
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async () => (await ask(client.GET("/users"))).items,
});

export const auditQuery = infiniteQueryOptions({
  queryKey: ["audit"],
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) =>
    ask(
      client.GET("/audit", {
        params: { query: { limit: 100, cursor: pageParam || undefined } },
        signal,
      }),
    ),
  getNextPageParam: (page) => page.next_cursor || undefined,
});

export const workspaceApi = {
  createToken: (body: TokenInput) => ask(client.POST("/tokens", { body })),
  revokeToken: (id: string) => ask(client.DELETE("/tokens/{id}", { params: { path: { id } } })),
  createUser: (body: UserInput) => ask(client.POST("/users", { body })),
  patchUser: (id: string, body: UserPatch) =>
    ask(client.PATCH("/users/{id}", { params: { path: { id } }, body })),
};

/** Roles from most to least, as the server knows them. */
export const roles = ["owner", "admin", "lead", "responder", "viewer"] as const;
export const tokenRoles = ["intake", "viewer", "responder", "lead", "admin"] as const;
