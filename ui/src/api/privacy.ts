import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { Privacy, PrivacyInput } from "./types";

export type Kinds = Privacy["kinds"];
export type Action = Kinds[string]["storage"];

/** Kinds, the gravest first. */
export const kinds = ["password", "token", "card", "iban", "id", "email", "phone", "name", "ip"] as const;
export const storageActions = ["keep", "mask", "seal", "drop"] as const;

/** What holds in the workspace, or for a launch. */
export const privacyQuery = (launch = "") =>
  queryOptions({
    queryKey: ["privacy", launch],
    queryFn: () =>
      launch
        ? ask(client.GET("/launches/{id}/privacy", { params: { path: { id: launch } } }))
        : ask(client.GET("/privacy")),
  });

/** What these rules make of a text; asked anew with every change of either. */
export const tryQuery = (text: string, rules: Kinds) =>
  queryOptions({
    queryKey: ["privacy-try", text, rules],
    queryFn: ({ signal }) => ask(client.POST("/privacy/try", { body: { text, kinds: rules }, signal })),
    enabled: text.trim() !== "",
    placeholderData: (before) => before,
    gcTime: 0,
  });

export const privacyApi = {
  set: (body: PrivacyInput) => ask(client.PUT("/privacy", { body })),
  setLaunch: (id: string, rules: Kinds) =>
    ask(client.PUT("/launches/{id}/privacy", { params: { path: { id } }, body: { kinds: rules } })),
  reveal: (id: string, reason: string) =>
    ask(client.POST("/feedback/{id}/reveal", { params: { path: { id } }, body: { reason } })),
};
