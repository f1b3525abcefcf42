/** The filters of the issue list as they stand in the URL, and as the API takes them. */
export const stages = [
  "intake",
  "triage",
  "analysis",
  "prioritisation",
  "planning",
  "resolution",
  "closure",
] as const;
export type Stage = (typeof stages)[number];

export const issueSorts = ["priority", "updated", "created", "reach"] as const;
export type IssueSort = (typeof issueSorts)[number];

export const issueFacets = ["stage", "severity", "category", "area", "owner"] as const;
export type IssueFacet = (typeof issueFacets)[number];

export type IssueFilter = {
  q?: string;
  sort?: IssueSort;
  /** "all" shows closed ones too. */
  show?: "open" | "all";
} & { [K in IssueFacet]?: string[] };

export function issueFilterQuery(f: IssueFilter) {
  const { sort = "priority", show = "open", ...rest } = f;
  return { ...rest, sort, ...(show === "open" ? { open: "true" as const } : {}) };
}
