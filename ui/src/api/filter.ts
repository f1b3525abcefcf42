/** The filters of the feedback list as they stand in the URL, and as the API takes them. */

export const feedbackTabs = ["triage", "accepted", "ignored", "all"] as const;
export type FeedbackTab = (typeof feedbackTabs)[number];

export const feedbackSorts = ["-occurred", "-received", "occurred", "severity", "-alike", "rating"] as const;
export type FeedbackSort = (typeof feedbackSorts)[number];

/** Filters that hold a list of values, in the order in which they are offered. */
export const feedbackFacets = [
  "category",
  "severity",
  "sentiment",
  "language",
  "channel",
  "area",
  "tag",
  "version",
  "assignee",
  "flag",
] as const;
export type FeedbackFacet = (typeof feedbackFacets)[number];

export type FeedbackFilter = {
  tab?: FeedbackTab;
  q?: string;
  sort?: FeedbackSort;
  issue?: "none" | "any";
  import?: string;
  from?: string;
  to?: string;
  /** When it was accepted, ignored or called spam. */
  triaged_from?: string;
  triaged_to?: string;
} & { [K in FeedbackFacet]?: string[] };

export type FeedbackSearch = FeedbackFilter & { item?: string };

/** Which states each tab shows; "all" shows every one. */
const tabStates: Record<FeedbackTab, string[]> = {
  triage: ["new"],
  accepted: ["accepted"],
  ignored: ["ignored", "spam"],
  all: [],
};

export function filterQuery(f: FeedbackFilter) {
  const { tab = "triage", sort = "-occurred", issue, import: source, ...rest } = f;
  const state = tabStates[tab];
  return {
    ...rest,
    sort,
    ...(state.length ? { state } : {}),
    ...(issue ? { issue: [issue] } : {}),
    ...(source ? { import: [source] } : {}),
  };
}

/** What each tab counts, out of the facet of states. */
export function tabCount(tab: FeedbackTab, states: { value: string; count: number }[] | null | undefined) {
  if (!states) return undefined;
  const want = tabStates[tab];
  return states
    .filter((s) => want.length === 0 || want.includes(s.value))
    .reduce((sum, s) => sum + s.count, 0);
}

/** How many filters are on beside tab and order: drawn at the filter button. */
export function activeFilters(f: FeedbackFilter): number {
  const lists = feedbackFacets.reduce((n, k) => n + (f[k]?.length ?? 0), 0);
  const single = [f.issue, f.import, f.from, f.to, f.triaged_from, f.triaged_to].filter(Boolean).length;
  return lists + single;
}

/** Adds or removes one value of a facet. An emptied facet leaves the URL. */
export function toggleValue(f: FeedbackSearch, facet: FeedbackFacet, value: string): FeedbackSearch {
  const has = f[facet] ?? [];
  const next = has.includes(value) ? has.filter((v) => v !== value) : [...has, value];
  const { [facet]: _, ...rest } = f;
  return next.length ? { ...rest, [facet]: next } : rest;
}

export function clearFilters(f: FeedbackSearch): FeedbackSearch {
  const { tab, sort, item } = f;
  return { ...(tab ? { tab } : {}), ...(sort ? { sort } : {}), ...(item ? { item } : {}) };
}
