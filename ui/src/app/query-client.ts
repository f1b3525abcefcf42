import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/error";

/** What the server refused is not asked again; a cut line or a busy server is, twice. */
export function retry(failures: number, error: unknown): boolean {
  if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429)
    return false;
  return failures < 2;
}

export const makeQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { staleTime: 15_000, gcTime: 10 * 60_000, retry, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
