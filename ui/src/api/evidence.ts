import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { MessageInput } from "./types";

/** What stands behind a report. It is asked anew when it is opened: calls may have come since. */
export const evidenceQuery = (id: string) =>
  queryOptions({
    queryKey: ["evidence", id],
    queryFn: ({ signal }) => ask(client.GET("/feedback/{id}/evidence", { params: { path: { id } }, signal })),
    staleTime: 30_000,
  });

export const issueEvidenceQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue-evidence", id],
    queryFn: ({ signal }) => ask(client.GET("/issues/{id}/evidence", { params: { path: { id } }, signal })),
    staleTime: 30_000,
  });

/** What the reports of an issue have in common, and what brought it. */
export const causeQuery = (id: string) =>
  queryOptions({
    queryKey: ["issue-cause", id],
    queryFn: ({ signal }) => ask(client.GET("/issues/{id}/cause", { params: { path: { id } }, signal })),
    staleTime: 60_000,
  });

export const threadQuery = (id: string) =>
  queryOptions({
    queryKey: ["thread", id],
    queryFn: ({ signal }) => ask(client.GET("/feedback/{id}/messages", { params: { path: { id } }, signal })),
  });

export const evidenceApi = {
  pin: (id: string, evidence_id: string) =>
    ask(client.POST("/feedback/{id}/evidence/pins", { params: { path: { id } }, body: { evidence_id } })),
  unpin: (id: string, evidence_id: string) =>
    ask(
      client.DELETE("/feedback/{id}/evidence/pins/{evidence_id}", { params: { path: { id, evidence_id } } }),
    ),
  vote: (id: string, evidence_id: string, useful: boolean) =>
    ask(
      client.POST("/feedback/{id}/evidence/votes", {
        params: { path: { id } },
        body: { evidence_id, useful },
      }),
    ),
};

export const threadApi = {
  reply: (id: string, body: MessageInput) =>
    ask(client.POST("/feedback/{id}/messages", { params: { path: { id } }, body })),
  replyAll: (issue: string, body: MessageInput) =>
    ask(client.POST("/issues/{id}/messages", { params: { path: { id: issue } }, body })),
};
