/**
 * The nouns of the API as the generated schema has them. They are read off the operations, not off the
 * names of the schemas, so renaming a Go type changes nothing here.
 */
import type { paths } from "@/schema.gen";

type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never;
type Sent<O> = O extends { requestBody: { content: { "application/json": infer T } } } ? T : never;
type Item<T> = T extends { items: (infer U)[] } ? U : never;

export type Me = Answer<paths[`/me`]["get"]>;
export type Launch = Answer<paths[`/launches/{id}`]["get"]>;
export type Pulse = Answer<paths[`/launches/{id}/pulse`]["get"]>;
export type Kpi = Pulse["kpis"][number];
export type Finding = Pulse["verdict"]["also"][number];
export type RowsOf = NonNullable<Kpi["link"]>;
export type Happening = Item<Answer<paths[`/launches/{id}/activity`]["get"]>>;
export type LaunchInput = Sent<paths[`/launches`]["post"]>;
export type LaunchPatch = Sent<paths[`/launches/{id}`]["patch"]>;
export type FeedbackPage = Answer<paths[`/launches/{id}/feedback`]["get"]>;
export type Feedback = Answer<paths[`/feedback/{id}`]["get"]>;
export type FeedbackPatch = Sent<paths[`/feedback/{id}`]["patch"]>;
export type Triage = NonNullable<Feedback["triage"]>;
export type RelatedResult = Answer<paths[`/feedback/{id}/related`]["get"]>;
export type Related = RelatedResult["items"][number];
export type RelatedIssue = RelatedResult["issues"][number];
export type AcceptResult = Answer<paths[`/feedback/{id}/accept`]["post"]>;
export type Proposal = Item<Answer<paths[`/launches/{id}/proposals`]["get"]>>;
export type IssuePage = Answer<paths[`/launches/{id}/issues`]["get"]>;
export type Issue = Answer<paths[`/issues/{id}`]["get"]>;
export type IssuePatch = Sent<paths[`/issues/{id}`]["patch"]>;
export type Change = Item<Answer<paths[`/issues/{id}/history`]["get"]>>;
export type Reporter = Item<Answer<paths[`/issues/{id}/reporters`]["get"]>>;
export type SimilarIssue = Item<Answer<paths[`/issues/{id}/similar`]["get"]>>;
export type Import = Answer<paths[`/imports/{id}`]["get"]>;
export type ImportMapping = Import["mapping"];
export type DeliveryPage = Answer<paths[`/deliveries`]["get"]>;
export type Delivery = Answer<paths[`/deliveries/{id}`]["get"]>;
export type Rule = Item<Answer<paths[`/launches/{id}/rules`]["get"]>>;
export type RuleInput = Sent<paths[`/launches/{id}/rules`]["post"]>;
export type RulePatch = Sent<paths[`/rules/{id}`]["patch"]>;
export type RulePreview = Answer<paths[`/launches/{id}/rules/preview`]["post"]>;
export type Decision = Item<Answer<paths[`/launches/{id}/decisions`]["get"]>>;
export type Correction = Decision["corrections"][number];
export type Accuracy = Answer<paths[`/launches/{id}/decisions/accuracy`]["get"]>;
export type Token = Item<Answer<paths[`/tokens`]["get"]>>;
export type TokenInput = Sent<paths[`/tokens`]["post"]>;
export type User = Item<Answer<paths[`/users`]["get"]>>;
export type UserInput = Sent<paths[`/users`]["post"]>;
export type UserPatch = Sent<paths[`/users/{id}`]["patch"]>;
export type AuditEntry = Item<Answer<paths[`/audit`]["get"]>>;
export type Facets = NonNullable<FeedbackPage["facets"]>;
