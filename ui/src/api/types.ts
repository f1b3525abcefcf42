/**
 * The nouns of the API as the generated schema has them. They are read off the operations, not off the
 * names of the schemas, so renaming a Go type changes nothing here.
 */
import type { paths } from "@/schema.gen";

type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never;
type Sent<O> = O extends { requestBody: { content: { "application/json": infer T } } } ? T : never;
type Item<T> = T extends { items: (infer U)[] } ? U : never;
type V1 = "/api/v1";

export type Me = Answer<paths[`${V1}/me`]["get"]>;
export type Launch = Answer<paths[`${V1}/launches/{id}`]["get"]>;
export type LaunchInput = Sent<paths[`${V1}/launches`]["post"]>;
export type LaunchPatch = Sent<paths[`${V1}/launches/{id}`]["patch"]>;
export type FeedbackPage = Answer<paths[`${V1}/launches/{id}/feedback`]["get"]>;
export type Feedback = Answer<paths[`${V1}/feedback/{id}`]["get"]>;
export type FeedbackPatch = Sent<paths[`${V1}/feedback/{id}`]["patch"]>;
export type Triage = NonNullable<Feedback["triage"]>;
export type Correction = NonNullable<Feedback["corrections"]>[number];
export type RelatedResult = Answer<paths[`${V1}/feedback/{id}/related`]["get"]>;
export type Related = RelatedResult["items"][number];
export type RelatedIssue = RelatedResult["issues"][number];
export type AcceptResult = Answer<paths[`${V1}/feedback/{id}/accept`]["post"]>;
export type Proposal = Item<Answer<paths[`${V1}/launches/{id}/proposals`]["get"]>>;
export type IssuePage = Answer<paths[`${V1}/launches/{id}/issues`]["get"]>;
export type Issue = Answer<paths[`${V1}/issues/{id}`]["get"]>;
export type IssuePatch = Sent<paths[`${V1}/issues/{id}`]["patch"]>;
export type Change = Item<Answer<paths[`${V1}/issues/{id}/history`]["get"]>>;
export type Reporter = Item<Answer<paths[`${V1}/issues/{id}/reporters`]["get"]>>;
export type SimilarIssue = Item<Answer<paths[`${V1}/issues/{id}/similar`]["get"]>>;
export type Import = Answer<paths[`${V1}/imports/{id}`]["get"]>;
export type ImportMapping = Import["mapping"];
export type DeliveryPage = Answer<paths[`${V1}/deliveries`]["get"]>;
export type Delivery = Answer<paths[`${V1}/deliveries/{id}`]["get"]>;
export type Rule = Item<Answer<paths[`${V1}/launches/{id}/rules`]["get"]>>;
export type RuleInput = Sent<paths[`${V1}/launches/{id}/rules`]["post"]>;
export type RulePatch = Sent<paths[`${V1}/rules/{id}`]["patch"]>;
export type RulePreview = Answer<paths[`${V1}/launches/{id}/rules/preview`]["post"]>;
export type Decision = Item<Answer<paths[`${V1}/launches/{id}/decisions`]["get"]>>;
export type Accuracy = Answer<paths[`${V1}/launches/{id}/decisions/accuracy`]["get"]>;
export type Token = Item<Answer<paths[`${V1}/tokens`]["get"]>>;
export type TokenInput = Sent<paths[`${V1}/tokens`]["post"]>;
export type User = Item<Answer<paths[`${V1}/users`]["get"]>>;
export type UserInput = Sent<paths[`${V1}/users`]["post"]>;
export type UserPatch = Sent<paths[`${V1}/users/{id}`]["patch"]>;
export type AuditEntry = Item<Answer<paths[`${V1}/audit`]["get"]>>;
export type Facets = NonNullable<FeedbackPage["facets"]>;
