import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { RuleInput, RulePatch } from "./types";

export const rulesQuery = (launch: string) =>
  queryOptions({
    queryKey: ["rules", launch],
    queryFn: async ({ signal }) =>
      (await ask(client.GET("/launches/{id}/rules", { params: { path: { id: launch } }, signal }))).items,
  });

export const ruleApi = {
  create: (launch: string, body: RuleInput) =>
    ask(client.POST("/launches/{id}/rules", { params: { path: { id: launch } }, body })),
  patch: (id: string, body: RulePatch) =>
    ask(client.PATCH("/rules/{id}", { params: { path: { id } }, body })),
  remove: (id: string) => ask(client.DELETE("/rules/{id}", { params: { path: { id } } })),
  preview: (launch: string, when: string, then: RuleInput["then"]) =>
    ask(
      client.POST("/launches/{id}/rules/preview", {
        params: { path: { id: launch } },
        body: { when, then },
      }),
    ),
};
