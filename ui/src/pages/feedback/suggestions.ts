import type {
  Dismissal,
  Feedback,
  FeedbackPatch,
  FieldSuggestion,
  RelatedIssue,
  RelatedResult,
} from "@/api/types";

/** What stands of what triage suggests for a report: an issue to join, and fields that it filled. */
export interface Standing {
  issue: RelatedIssue | undefined;
  fields: FieldSuggestion[];
}

/** Nothing stands any more once people have decided; undefined while it is not known yet. */
export function standing(
  f: Pick<Feedback, "state">,
  related: RelatedResult | undefined,
): Standing | undefined {
  if (f.state !== "new") return { issue: undefined, fields: [] };
  if (!related) return undefined;
  return { issue: related.issues[0], fields: related.fields };
}

export const isEmpty = (s: Standing): boolean => !s.issue && s.fields.length === 0;

/** What it takes to confirm the fields; undefined when none is suggested. */
export function confirmation(fields: FieldSuggestion[]): FeedbackPatch | undefined {
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map((f) => [f.field, f.value])) as FeedbackPatch;
}

/** Everything that stands, as it is waved off. */
export function dismissals(s: Standing): Dismissal[] {
  const fields = s.fields.map((f): Dismissal => ({ what: f.field, value: f.value }));
  return s.issue ? [{ what: "issue", value: s.issue.issue.id }, ...fields] : fields;
}

/** What is left of an answer of the server once something was waved off or taken. */
export function withoutSuggestion(r: RelatedResult, d: Dismissal): RelatedResult {
  return {
    ...r,
    issues: r.issues.filter((i) => d.what !== "issue" || i.issue.id !== d.value),
    fields: r.fields.filter((f) => f.field !== d.what),
  };
}
