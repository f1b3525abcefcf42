import { expect, test } from "vitest";
import { activeFilters, clearFilters, feedbackTabs, filterQuery, onTab, toggleValue } from "./filter";
import { issueFilterQuery } from "./issue-filter";

test("the tab is asked for by name, and the item is not sent", () => {
  expect(filterQuery({})).toEqual({ sort: "-occurred", tab: "triage" });
  expect(filterQuery({ tab: "all", q: "pay", severity: ["sev1"] })).toEqual({
    sort: "-occurred",
    q: "pay",
    severity: ["sev1"],
  });
  expect(filterQuery({ tab: "done", sort: "received", rating: "low", waiting: "4h", person: "p1" })).toEqual({
    sort: "received",
    tab: "done",
    rating_max: 2,
    waiting: "4h",
    person: ["p1"],
  });
});

test("a feedback is on the tabs that the server would put it on", () => {
  const now = Date.parse("2026-11-20T14:00:00Z");
  const later = "2026-11-20T14:00:01Z";
  const fresh = { state: "new", category: "bug" } as const;
  const tabs = (f: Parameters<typeof onTab>[0]) => feedbackTabs.filter((tab) => onTab(f, tab, "me", now));
  expect(tabs(fresh)).toEqual(["triage", "all"]);
  expect(tabs({ ...fresh, assignee: { id: "me", name: "Ann" } })).toEqual(["triage", "mine", "all"]);
  expect(tabs({ ...fresh, assignee: { id: "you", name: "Bob" } })).toEqual(["triage", "all"]);
  expect(tabs({ ...fresh, category: "feature_request" })).toEqual(["triage", "ideas", "all"]);
  expect(tabs({ ...fresh, category: "feature_request", snoozed_until: later })).toEqual(["later", "all"]);
  expect(tabs({ ...fresh, snoozed_until: "2026-11-20T14:00:00Z" })).toEqual(["triage", "all"]);
  for (const state of ["accepted", "ignored", "spam"] as const) {
    expect(tabs({ ...fresh, state, snoozed_until: later })).toEqual(["done", "all"]);
  }
  expect(onTab({ ...fresh, assignee: undefined }, "mine", undefined, now)).toBe(false);
});

test("a value of a facet goes in and out, and the last one takes the facet with it", () => {
  const one = toggleValue({ tab: "all" }, "category", "bug");
  const two = toggleValue(one, "category", "data");
  expect(two).toEqual({ tab: "all", category: ["bug", "data"] });
  expect(toggleValue(toggleValue(two, "category", "bug"), "category", "data")).toEqual({ tab: "all" });
});

test("active filters are counted and cleared; tab, order and choice stay", () => {
  const search = {
    tab: "all" as const,
    sort: "rating" as const,
    item: "fb_1",
    q: "x",
    category: ["bug", "data"],
    from: "2026-11-01",
    import: "im_1",
    waiting: "1h" as const,
    person: "p1",
  };
  expect(activeFilters(search)).toBe(6);
  expect(clearFilters(search)).toEqual({ tab: "all", sort: "rating", item: "fb_1" });
});

test("issues are open ones by priority until something else is asked for", () => {
  expect(issueFilterQuery({})).toEqual({ sort: "priority", open: "true" });
  expect(issueFilterQuery({ show: "all", stage: ["closure"] })).toEqual({
    sort: "priority",
    stage: ["closure"],
  });
});
