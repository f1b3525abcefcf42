/** The search string of the URL: readable, shareable, and checked before anything believes it. */

import { type DecisionFilter, decisionFields, engines } from "@/api/decisions";
import { type DeliveryFilter, deliveryStates } from "@/api/deliveries";
import {
  type FeedbackSearch,
  feedbackFacets,
  feedbackSorts,
  feedbackTabs,
  type Rating,
  ratings,
  waits,
} from "@/api/filter";
import {
  type BoardFilter,
  boardFacets,
  boardLanes,
  type IssueFilter,
  type IssueTab,
  issueFacets,
  issueGroups,
  issueSorts,
  issueTabs,
} from "@/api/issue-filter";
import { type TimelineSearch, timelineShows } from "@/api/notes";
import { activitySources, type CentreSearch, pulseRanges } from "@/api/pulse";

type Raw = Record<string, unknown>;

/** "?severity=sev1&severity=sev2&q=pay" to {severity: ["sev1","sev2"], q: "pay"}. */
export function parseSearch(text: string): Raw {
  const out: Raw = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = out[key];
    if (before === undefined) out[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else out[key] = [before, value];
  }
  return out;
}

export function stringifySearch(search: Raw): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === "") continue;
    for (const v of Array.isArray(value) ? value : [value]) params.append(key, String(v));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

const maxLength = 300;

export function text(v: unknown): string | undefined {
  const s = Array.isArray(v) ? v[0] : v;
  return typeof s === "string" && s.trim() !== "" ? s.slice(0, maxLength) : undefined;
}

export function oneOf<T extends string>(v: unknown, all: readonly T[]): T | undefined {
  const s = text(v);
  return all.find((x) => x === s);
}

/** Distinct non-empty values, 50 at most. */
export function values(v: unknown): string[] | undefined {
  const list = (Array.isArray(v) ? v : [v]).map(text).filter((x): x is string => x !== undefined);
  const distinct = [...new Set(list)].slice(0, 50);
  return distinct.length ? distinct : undefined;
}

export function day(v: unknown): string | undefined {
  const s = text(v);
  return s && /^\d{4}-\d{2}-\d{2}/.test(s) && !Number.isNaN(Date.parse(s)) ? s : undefined;
}

/** Drops keys without a value, so that the URL stays short and equal filters are equal. */
export function tidy<T extends object>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T;
}

export function feedbackSearch(raw: Raw): FeedbackSearch {
  const facets = Object.fromEntries(feedbackFacets.map((f) => [f, values(raw[f])]));
  return tidy({
    // Links from before had a tab for each state of what is done.
    tab: oneOf(raw.tab, feedbackTabs) ?? (oneOf(raw.tab, ["accepted", "ignored"]) && "done"),
    q: text(raw.q),
    sort: oneOf(raw.sort, feedbackSorts),
    issue: oneOf(raw.issue, ["none", "any"] as const),
    rating: oneOf(raw.rating, Object.keys(ratings) as Rating[]),
    waiting: oneOf(raw.waiting, waits),
    person: text(raw.person),
    import: text(raw.import),
    from: day(raw.from),
    to: day(raw.to),
    triaged_from: day(raw.triaged_from),
    triaged_to: day(raw.triaged_to),
    item: text(raw.item),
    ...timelineSearch(raw),
    ...facets,
  });
}

export const timelineSearch = (raw: Raw): TimelineSearch =>
  tidy({ timeline: oneOf(raw.timeline, timelineShows) });

export function issueSearch(raw: Raw): IssueFilter {
  const facets = Object.fromEntries(issueFacets.map((f) => [f, values(raw[f])]));
  return tidy({
    q: text(raw.q),
    sort: oneOf(raw.sort, issueSorts),
    show: oneOf(raw.show, ["open", "all"] as const),
    group: oneOf(raw.group, issueGroups),
    ...facets,
  });
}

export function boardSearch(raw: Raw): BoardFilter {
  const facets = Object.fromEntries(boardFacets.map((f) => [f, values(raw[f])]));
  return tidy({ q: text(raw.q), lane: oneOf(raw.lane, boardLanes), ...facets });
}

export const issuePageSearch = (raw: Raw): { tab?: IssueTab } & TimelineSearch =>
  tidy({ tab: oneOf(raw.tab, issueTabs), ...timelineSearch(raw) });
/** A moment, to the second; a day alone is none. */
export function moment(v: unknown): string | undefined {
  const s = day(v);
  return s?.includes("T") ? s : undefined;
}

export const centreSearch = (raw: Raw): CentreSearch =>
  tidy({
    at: moment(raw.at),
    range: oneOf(raw.range, pulseRanges),
    source: oneOf(raw.source, activitySources),
    tv: oneOf(raw.tv, ["1"] as const),
  });

export type DeliverySearch = DeliveryFilter & { delivery?: string };

export const deliverySearch = (raw: Raw): DeliverySearch =>
  tidy({
    state: oneOf(raw.state, deliveryStates),
    channel: text(raw.channel),
    channel_id: text(raw.channel_id),
    parent_id: text(raw.parent_id),
    delivery: text(raw.delivery),
  });

/** The channel that is open, or is to be made ("/" for a choice of kinds). */
export const channelsSearch = (raw: Raw): { channel?: string } => tidy({ channel: text(raw.channel) });

export const errorStates = ["unresolved", "resolved", "ignored", "all"] as const;
export const errorSorts = ["last", "first", "events", "users"] as const;
/** What the page of errors shows. */
export interface ErrorsSearch {
  /** "releases" shows how releases do instead of the list. */
  tab?: "releases";
  /** Unresolved ones when absent. */
  state?: (typeof errorStates)[number];
  sort?: (typeof errorSorts)[number];
  q?: string;
  user?: string;
  release?: string;
  environment?: string;
  /** Id of the error that is open, and of one of its events. */
  error?: string;
  event?: string;
}

export const errorsSearch = (raw: Raw): ErrorsSearch =>
  tidy({
    tab: oneOf(raw.tab, ["releases"] as const),
    state: oneOf(raw.state, errorStates),
    sort: oneOf(raw.sort, errorSorts),
    q: text(raw.q),
    user: text(raw.user),
    release: text(raw.release),
    environment: text(raw.environment),
    error: text(raw.error),
    event: text(raw.event),
  });

/** The page of people: its part, and who is looked for. */
export const peopleTabs = ["same", "organisations", "segments"] as const;
export const peopleSearch = (
  raw: Raw,
): { tab?: (typeof peopleTabs)[number]; q?: string; organisation?: string; segment?: string } =>
  tidy({
    tab: oneOf(raw.tab, peopleTabs),
    q: text(raw.q),
    organisation: text(raw.organisation),
    segment: text(raw.segment),
  });

/** What was said and what holds are values of one field; without it they say nothing. */
export function decisionSearch(raw: Raw): DecisionFilter {
  const field = oneOf(raw.field, decisionFields);
  const from = field && text(raw.from);
  const to = field && text(raw.to);
  return tidy({
    field,
    engine: oneOf(raw.engine, engines),
    wrong: from || to ? "true" : oneOf(raw.wrong, ["true"] as const),
    from,
    to,
    any: from || to ? undefined : oneOf(raw.any, ["true"] as const),
  });
}

/** What the page of calls shows. `q` is the query as it is typed; see pages/calls/query.ts. */
export interface CallsSearch {
  q?: string;
  /** How far back from now; absent with `from` and `to`. */
  range?: (typeof callRanges)[number];
  from?: string;
  to?: string;
  /** Id of the call that is open. */
  call?: string;
}
export const callRanges = ["15m", "1h", "6h", "24h", "7d", "30d"] as const;

const longest = 2000;

export function callsSearch(raw: Raw): CallsSearch {
  const q = Array.isArray(raw.q) ? raw.q[0] : raw.q;
  const from = moment(raw.from);
  const to = moment(raw.to);
  const fixed = from !== undefined && to !== undefined && from < to;
  return tidy({
    q: typeof q === "string" && q.trim() !== "" ? q.slice(0, longest) : undefined,
    range: fixed ? undefined : oneOf(raw.range, callRanges),
    from: fixed ? from : undefined,
    to: fixed ? to : undefined,
    call: text(raw.call),
  });
}

/** The route that is open, as "api version name"; words to find routes by; their order. */
export interface RoutesSearch {
  route?: string;
  q?: string;
  sort?: "calls" | "p95" | "errors";
}

export const routesSearch = (raw: Raw): RoutesSearch =>
  tidy({
    route: text(raw.route),
    q: text(raw.q),
    sort: oneOf(raw.sort, ["calls", "p95", "errors"] as const),
  });

/** A publication that is looked at, by number. */
export const apisSearch = (raw: Raw): { publication?: string } =>
  tidy({ publication: text(raw.publication) });

export const rolloutsSearch = (raw: Raw): { rollout?: string } => tidy({ rollout: text(raw.rollout) });
export const alertTabs = ["active", "outside", "history", "rules"] as const;
export const outsideStates = ["open", "resolved"] as const;
export interface AlertsSearch {
  /** Active ones when absent. */
  tab?: (typeof alertTabs)[number];
  alert?: string;
  group?: string;
  /** Of alerts from outside; all when absent. */
  state?: (typeof outsideStates)[number];
}
export const alertsSearch = (raw: Raw): AlertsSearch =>
  tidy({
    tab: oneOf(raw.tab, alertTabs),
    alert: text(raw.alert),
    group: text(raw.group),
    state: oneOf(raw.state, outsideStates),
  });

export interface ApplicationsSearch {
  /** Applications when absent. */
  tab?: "plans";
  application?: string;
}
export const applicationsSearch = (raw: Raw): ApplicationsSearch =>
  tidy({ tab: oneOf(raw.tab, ["plans"] as const), application: text(raw.application) });
