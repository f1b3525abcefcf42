import { expect, test, vi } from "vitest";
import type { View } from "@/api/types";
import { feedbackSearch, parseSearch } from "@/app/search";
import { linkOf, pathOf, present, queryOf, remember, searchOf, shows } from "./views";

const view = (id: string, query: string, more: Partial<View> = {}): View =>
  ({ id, launch_id: "la_1", page: "feedback", name: id, query, shared: false, ...more }) as View;

test("equal lists are equal texts, whatever the order of the URL and whatever is open", () => {
  const a = queryOf({ tab: "all", severity: ["sev2", "sev1"], q: "pay" });
  expect(queryOf({ q: "pay", severity: ["sev1", "sev2"], tab: "all", item: "f1" })).toBe(a);
  expect(a).toBe("q=pay&severity=sev1&severity=sev2&tab=all");
  expect(queryOf({ q: undefined, item: "f1" })).toBe("");
});

test("what is saved opens as the same list", () => {
  const search = feedbackSearch(
    parseSearch("?tab=all&severity=sev1&severity=sev2&q=pay+%26+go&from=2026-01-02&item=x"),
  );
  const saved = view("v", queryOf(search));
  expect(feedbackSearch(searchOf(saved))).toEqual({ ...search, item: undefined });
  expect(shows(saved, search)).toBe(true);
});

/** The tab's own storage, as far as it is needed. */
function storage() {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (k: string) => kept.get(k) ?? null,
    setItem: (k: string, v: string) => void kept.set(k, v),
    removeItem: (k: string) => void kept.delete(k),
  });
}

test("the view that was opened is the one that its changed filters belong to", () => {
  const severe = view("severe", "severity=sev1");
  const twin = view("twin", "severity=sev1");
  const views = [severe, twin];
  const at = (search: object) => {
    const p = present("la_1", "feedback", views, search as Record<string, unknown>);
    return [p.exact?.id, p.base?.id];
  };
  // Where nothing can be kept, what is shown is still told.
  remember("la_1", "feedback", "twin");
  expect(at({ severity: ["sev1"] })).toEqual(["severe", undefined]);
  storage();
  expect(at({ severity: ["sev1"] })).toEqual(["severe", undefined]);
  expect(at({ severity: ["sev2"] })).toEqual([undefined, undefined]);
  remember("la_1", "feedback", "twin");
  expect(at({ severity: ["sev1"] })).toEqual(["twin", undefined]);
  expect(at({ severity: ["sev1"], tab: "all" })).toEqual([undefined, "twin"]);
  // No filter at all: it was left, and so it is for another page or launch.
  expect(at({ item: "f1" })).toEqual([undefined, undefined]);
  expect(present("la_2", "feedback", views, { tab: "all" }).base).toBeUndefined();
  remember("la_1", "feedback", "removed");
  expect(at({ tab: "all" })).toEqual([undefined, undefined]);
  vi.unstubAllGlobals();
});

test("a link to a shared view follows it, a link to a private one says what it shows", () => {
  vi.stubGlobal("window", { location: { origin: "https://hc.example" } });
  expect(linkOf(view("v1", "severity=sev1", { shared: true }))).toBe("https://hc.example/views/v1");
  expect(linkOf(view("v2", "severity=sev1"))).toBe("https://hc.example/launches/la_1/feedback?severity=sev1");
  expect(pathOf(view("v3", "", { page: "decisions" }))).toBe("/launches/la_1/decisions");
  vi.unstubAllGlobals();
});
