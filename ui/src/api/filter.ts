import type { TimelineSearch } from "./notes";

/** The filters of the feedback list as they stand in the URL, and as the API takes them. */

import type { Feedback } from "./types";

/** The tabs of the inbox; the server says what is on which, and how much. */
export const feedbackTabs = ["triage", "mine", "later", "ideas", "done", "all"] as const;
export type FeedbackTab = (typeof feedbackTabs)[number];

export const feedbackSorts = [
  "-occurred",
  "received",
  "-received",
  "occurred",
  "severity",
  "-alike",
  "rating",
] as const;
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

/** Stars in three steps, as the API takes them. */
export const ratings = {
  low: { rating_max: 2 },
  mid: { rating_min: 2.1, rating_max: 3.9 },
  high: { rating_min: 4 },
};
export type Rating = keyof typeof ratings;

/** To triage for longer than this. */
export const waits = ["1h", "4h", "24h", "72h"] as const;
export type Wait = (typeof waits)[number];

export type FeedbackFilter = {
  tab?: FeedbackTab;
  q?: string;
  sort?: FeedbackSort;
  issue?: "none" | "any";
  rating?: Rating;
  waiting?: Wait;
  /** Id of a reporter. */
  person?: string;
  import?: string;
  from?: string;
  to?: string;
  /** When it was accepted, ignored or called spam. */
  triaged_from?: string;
  triaged_to?: string;
} & { [K in FeedbackFacet]?: string[] };

export type FeedbackSearch = FeedbackFilter & { item?: string } & TimelineSearch;

export function filterQuery(f: FeedbackFilter) {
  const { tab = "triage", sort = "-occurred", issue, rating, person, import: source, ...rest } = f;
  return {
    ...rest,
    sort,
    ...(tab === "all" ? {} : { tab }),
    ...(issue ? { issue: [issue] } : {}),
    ...(rating ? ratings[rating] : {}),
    ...(person ? { person: [person] } : {}),
    ...(source ? { import: [source] } : {}),
  };
}

type Placed = Pick<Feedback, "state" | "category" | "snoozed_until" | "assignee">;

/** Whether it is put off still. */
export const isSnoozed = (f: Pick<Placed, "state" | "snoozed_until">, now = Date.now()): boolean =>
  f.state === "new" && f.snoozed_until !== undefined && Date.parse(f.snoozed_until) > now;

/** Whether a feedback is on a tab: as the server says (feedback/tab.go), for changing a list before it answers. */
export function onTab(f: Placed, tab: FeedbackTab, me: string | undefined, now = Date.now()): boolean {
  if (tab === "all") return true;
  if (f.state !== "new") return tab === "done";
  if (isSnoozed(f, now)) return tab === "later";
  if (tab === "ideas") return f.category === "feature_request";
  if (tab === "mine") return f.assignee !== undefined && f.assignee.id === me;
  return tab === "triage";
}

/** How many filters are on beside tab and order: drawn at the filter button. */
export function activeFilters(f: FeedbackFilter): number {
  const lists = feedbackFacets.reduce((n, k) => n + (f[k]?.length ?? 0), 0);
  const single = [
    f.issue,
    f.rating,
    f.waiting,
    f.person,
    f.import,
    f.from,
    f.to,
    f.triaged_from,
    f.triaged_to,
  ].filter(Boolean).length;
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
