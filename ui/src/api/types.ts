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
export type LaunchInput = Sent<paths[`/launches`]["post"]>;
export type LaunchPatch = Sent<paths[`/launches/{id}`]["patch"]>;
export type FeedbackPage = Answer<paths[`/launches/{id}/feedback`]["get"]>;
export type Feedback = Answer<paths[`/feedback/{id}`]["get"]>;
export type FeedbackPatch = Sent<paths[`/feedback/{id}`]["patch"]>;
export type Triage = NonNullable<Feedback["triage"]>;
export type RelatedResult = Answer<paths[`/feedback/{id}/related`]["get"]>;
export type Related = RelatedResult["items"][number];
export type RelatedIssue = RelatedResult["issues"][number];
export type FieldSuggestion = NonNullable<RelatedResult["fields"]>[number];
export type Dismissal = Sent<paths[`/feedback/{id}/dismiss`]["post"]>;
export type AcceptResult = Answer<paths[`/feedback/{id}/accept`]["post"]>;
export type Proposal = Item<Answer<paths[`/launches/{id}/proposals`]["get"]>>;
export type IssuePage = Answer<paths[`/launches/{id}/issues`]["get"]>;
export type Issue = Answer<paths[`/issues/{id}`]["get"]>;
export type IssueLink = NonNullable<Issue["links"]>[number];
export type LinkKind = IssueLink["kind"];
export type IssueInput = Sent<paths[`/launches/{id}/issues`]["post"]>;
export type IssueBulk = Sent<paths[`/launches/{id}/issues/change`]["post"]>["change"];
export type MergePreview = Answer<paths[`/launches/{id}/issues/merge-preview`]["get"]>;
export type SplitPreview = Answer<paths[`/issues/{id}/split/preview`]["post"]>;
export type Outlook = MergePreview["after"];
export type Board = Answer<paths[`/launches/{id}/board`]["get"]>;
export type BoardColumn = Board["stages"][number];
export type BoardCard = BoardColumn["items"][number];
export type IssuePatch = Sent<paths[`/issues/{id}`]["patch"]>;
export type TimelinePage = Answer<paths[`/issues/{id}/timeline`]["get"]>;
export type TimelineEntry = TimelinePage["items"][number];
export type Note = NonNullable<TimelineEntry["note"]>;
export type Mention = Item<Answer<paths[`/me/mentions`]["get"]>>;
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
export type RoleGrants = Item<Answer<paths[`/roles`]["get"]>>;
export type Person = Item<Answer<paths[`/persons`]["get"]>>;
export type AuditEntry = Item<Answer<paths[`/audit`]["get"]>>;
export type View = Item<Answer<paths[`/launches/{id}/views`]["get"]>>;
export type ViewInput = Sent<paths[`/launches/{id}/views`]["post"]>;
export type ViewPatch = Sent<paths[`/views/{id}`]["patch"]>;
export type Facets = NonNullable<FeedbackPage["facets"]>;
export type Pace = NonNullable<FeedbackPage["pace"]>;
