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

/** What each role may do; it changes with the server only. */
export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await ask(client.GET("/roles"))).items,
});

/** The few reporters whose name or address fits. */
export const personSearchQuery = (q: string) =>
  queryOptions({
    queryKey: ["person-search", q],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/persons", { params: { query: { q, limit: 5 } }, signal }))).items,
    placeholderData: (before) => before,
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
  rename: (name: string) => ask(client.PATCH("/workspace", { body: { name } })),
  patchUser: (id: string, body: UserPatch) =>
    ask(client.PATCH("/users/{id}", { params: { path: { id } }, body })),
};

/** Roles from most to least, as the server knows them. */
export const roles = ["owner", "admin", "lead", "responder", "viewer"] as const;
export const tokenRoles = ["intake", "viewer", "responder", "lead", "admin"] as const;
