import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import { ApiError, type Problem } from "./error";
import type {
  Erasure,
  OrganisationInput,
  PeopleImport,
  PersonIdentity,
  PersonPatch,
  SegmentCondition,
} from "./types";

export interface PeopleFilter {
  q?: string;
  organisation?: string;
  segment?: string;
}

export const peopleQuery = (filter: PeopleFilter) =>
  infiniteQueryOptions({
    queryKey: ["people", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      ask(client.GET("/persons", { params: { query: { ...filter, cursor: pageParam, limit: 50 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor || undefined,
  });

export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", "one", id],
    queryFn: ({ signal }) => ask(client.GET("/persons/{id}", { params: { path: { id } }, signal })),
  });

export const personFeedbackQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["people", "feedback", id],
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET("/persons/{id}/feedback", {
          params: { path: { id }, query: { cursor: pageParam, limit: 20 } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor || undefined,
  });

export const personCallsQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", "calls", id],
    queryFn: async ({ signal }) =>
      (
        await ask(
          client.GET("/persons/{id}/calls", {
            params: { path: { id }, query: { failed: true, limit: 10 } },
            signal,
          }),
        )
      ).items,
    retry: false,
  });

export const personHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", "history", id],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/persons/{id}/history", { params: { path: { id } }, signal }))).items,
  });

export const suggestionsQuery = (person?: string) =>
  queryOptions({
    queryKey: ["people", "suggestions", person ?? ""],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/people/suggestions", { params: { query: { person } }, signal }))).items,
  });

export const organisationsQuery = (q?: string) =>
  queryOptions({
    queryKey: ["people", "organisations", q ?? ""],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/organisations", { params: { query: { q, limit: 200 } }, signal }))).items,
  });

export const segmentsQuery = queryOptions({
  queryKey: ["people", "segments"],
  queryFn: async ({ signal }) => (await ask(client.GET("/segments", { signal }))).items,
});

export const erasureQuery = (id: string) =>
  queryOptions({
    queryKey: ["erasure", id],
    queryFn: ({ signal }) => ask(client.GET("/people/erasures/{id}", { params: { path: { id } }, signal })),
    refetchInterval: (q) => ((q.state.data as Erasure | undefined)?.state === "done" ? false : 1000),
  });

/** A file goes as it is; the answer is JSON. */
async function importFile(file: File, dry: boolean): Promise<PeopleImport> {
  const answer = await fetch(`/api/v1/people/import${dry ? "?dry_run=true" : ""}`, {
    method: "POST",
    headers: { "Content-Type": "text/csv" },
    body: file,
  }).catch((cause: unknown) => {
    throw new ApiError({ status: 0, code: "offline" }, { cause });
  });
  const body: unknown = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError({ ...(body as Problem), status: answer.status });
  return body as PeopleImport;
}

export const peopleApi = {
  change: (id: string, body: PersonPatch) =>
    ask(client.PATCH("/persons/{id}", { params: { path: { id } }, body })),
  merge: (id: string, into: string, reason: string, preview = false) =>
    ask(client.POST("/persons/{id}/merge", { params: { path: { id } }, body: { into, reason, preview } })),
  split: (
    id: string,
    body: { identities: PersonIdentity[]; name: string; reason: string; preview?: boolean },
  ) => ask(client.POST("/persons/{id}/split", { params: { path: { id } }, body })),
  different: (id: string) =>
    ask(client.POST("/people/suggestions/{id}/different", { params: { path: { id } } })),
  putOrganisation: (body: OrganisationInput) => ask(client.PUT("/organisations", { body })),
  removeOrganisation: (id: string) => ask(client.DELETE("/organisations/{id}", { params: { path: { id } } })),
  putSegment: (id: string | undefined, body: { name: string; conditions: SegmentCondition[] }) =>
    id
      ? ask(client.PUT("/segments/{id}", { params: { path: { id } }, body }))
      : ask(client.POST("/segments", { body })),
  removeSegment: (id: string) => ask(client.DELETE("/segments/{id}", { params: { path: { id } } })),
  importFile,
  erase: (id: string) => ask(client.POST("/persons/{id}/erase", { params: { path: { id } } })),
  exportPath: (id: string) => `/api/v1/persons/${encodeURIComponent(id)}/export`,
};
