import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { isStatus } from "./error";
import type { Me } from "./types";

/** Who is signed in, or null. A 401 is an answer here and not an error. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  staleTime: 5 * 60_000,
  queryFn: async (): Promise<Me | null> => {
    try {
      return await ask(client.GET("/me"));
    } catch (e) {
      if (isStatus(e, 401)) return null;
      throw e;
    }
  },
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => ask(client.GET("/setup")),
});

export interface SetupInput {
  token: string;
  workspace_name: string;
  name: string;
  email: string;
  password: string;
}

export function useSetup() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: SetupInput) => ask(client.POST("/setup", { body })),
    onSuccess: (me) => {
      cache.setQueryData(meQuery.queryKey, me);
      cache.removeQueries({ queryKey: setupQuery.queryKey });
    },
  });
}

export function useSignIn() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { email: string; password: string }) => ask(client.POST("/session", { body })),
    onSuccess: (me) => {
      cache.clear();
      cache.setQueryData(meQuery.queryKey, me);
    },
  });
}

export const signOut = () => ask(client.DELETE("/session"));
