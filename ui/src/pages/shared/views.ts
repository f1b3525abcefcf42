import type { View } from "@/api/types";
import { parseSearch, stringifySearch } from "@/app/search";

export type ViewPage = View["page"];
export type Search = Record<string, unknown>;

/** What is open in a list, and how, is no part of it. */
const passing = new Set(["item", "timeline", "call"]);

/** The search of a page as a view keeps it: always in one order, so that equal lists are equal texts. */
export function queryOf(search: Search): string {
  const entries = Object.entries(search)
    .filter(([key]) => !passing.has(key))
    .map(([key, value]): [string, unknown] => [key, Array.isArray(value) ? [...value].sort() : value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return stringifySearch(Object.fromEntries(entries)).slice(1);
}

export const searchOf = (view: View): Search => parseSearch(view.query);

/** Whether the page shows just what the view says. */
export const shows = (view: View, search: Search): boolean => queryOf(searchOf(view)) === queryOf(search);

/**
 * Which view was opened last on a page of a launch, so that what was changed since can be put into it. Of this
 * tab, and it outlives a reload.
 */
const opened = {
  get(launch: string, page: ViewPage): string | null {
    try {
      return sessionStorage.getItem(`hc.view.${launch}.${page}`);
    } catch {
      return null;
    }
  },
  set(launch: string, page: ViewPage, id: string | undefined) {
    try {
      const key = `hc.view.${launch}.${page}`;
      if (id) sessionStorage.setItem(key, id);
      else sessionStorage.removeItem(key);
    } catch {
      // Without storage a changed view is saved as a new one.
    }
  },
};

export interface Present {
  /** The page shows just this. */
  exact: View | undefined;
  /** The one that was opened, and whose filters were changed since. */
  base: View | undefined;
}

/**
 * What the page shows now, among the views that one sees. Of several that say the same it is the one that was
 * opened; a page without any filter has left the view it came from.
 */
export function present(launch: string, page: ViewPage, views: View[], search: Search): Present {
  const before = opened.get(launch, page);
  const last = views.find((v) => v.id === before);
  const exact = last && shows(last, search) ? last : views.find((v) => shows(v, search));
  if (exact) return { exact, base: undefined };
  return { exact: undefined, base: queryOf(search) ? last : undefined };
}

export const remember = opened.set;

const paths: Record<Exclude<ViewPage, "calls">, string> = {
  feedback: "feedback",
  issues: "issues",
  board: "board",
  decisions: "decisions",
};

/** Where a view leads. */
export const pathOf = (view: View): string =>
  view.page === "calls" ? "/gateway/calls" : `/launches/${view.launch_id}/${paths[view.page]}`;

/**
 * What to send to a colleague. A shared view has an address of its own, which stays right when the view is
 * changed; a private one is nobody else's, so the link says what it shows.
 */
export const linkOf = (view: View): string =>
  window.location.origin +
  (view.shared ? `/views/${view.id}` : pathOf(view) + stringifySearch(searchOf(view)));
