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

export const issueFacets = ["stage", "severity", "category", "area", "owner", "tag"] as const;
export type IssueFacet = (typeof issueFacets)[number];

/** What a list can be parted by; each is a facet, whose counts head the parts. */
export const issueGroups = ["stage", "severity", "owner", "category"] as const;
export type IssueGroup = (typeof issueGroups)[number];

export type IssueFilter = {
  q?: string;
  sort?: IssueSort;
  /** "all" shows closed ones too. */
  show?: "open" | "all";
  group?: IssueGroup;
} & { [K in IssueFacet]?: string[] };

export function issueFilterQuery(f: IssueFilter) {
  const { sort = "priority", show = "open", group: _, ...rest } = f;
  return { ...rest, sort, ...(show === "open" ? { open: "true" as const } : {}) };
}

/** Swimlanes of the board. */
export const boardLanes = ["severity", "owner"] as const;
export type BoardLane = (typeof boardLanes)[number];

/** The filters of the board as they stand in the URL: those of the list but its columns, the stages. */
export const boardFacets = ["severity", "category", "area", "owner", "tag"] as const;
export type BoardFilter = {
  q?: string;
  lane?: BoardLane;
} & { [K in (typeof boardFacets)[number]]?: string[] };

/** The tabs of an issue; the first is where it opens. */
export const issueTabs = ["overview", "evidence", "reports", "timeline"] as const;
export type IssueTab = (typeof issueTabs)[number];
