import { expect, test } from "vitest";
import { activeFilters, clearFilters, filterQuery, tabCount, toggleValue } from "./filter";
import { issueFilterQuery } from "./issue-filter";

test("a tab is a set of states, and neither tab nor item is sent", () => {
  expect(filterQuery({})).toEqual({ sort: "-occurred", state: ["new"] });
  expect(filterQuery({ tab: "all", q: "pay", severity: ["sev1"] })).toEqual({
    sort: "-occurred",
    q: "pay",
    severity: ["sev1"],
  });
  expect(filterQuery({ tab: "ignored", sort: "rating" })).toEqual({
    sort: "rating",
    state: ["ignored", "spam"],
  });
});

test("tabs count the states they show", () => {
  const states = [
    { value: "new", count: 5 },
    { value: "ignored", count: 2 },
    { value: "spam", count: 1 },
    { value: "accepted", count: 4 },
  ];
  expect((["triage", "accepted", "ignored", "all"] as const).map((tab) => tabCount(tab, states))).toEqual([
    5, 4, 3, 12,
  ]);
  expect(tabCount("all", undefined)).toBeUndefined();
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
  };
  expect(activeFilters(search)).toBe(4);
  expect(clearFilters(search)).toEqual({ tab: "all", sort: "rating", item: "fb_1" });
});

test("issues are open ones by priority until something else is asked for", () => {
  expect(issueFilterQuery({})).toEqual({ sort: "priority", open: "true" });
  expect(issueFilterQuery({ show: "all", stage: ["closure"] })).toEqual({
    sort: "priority",
    stage: ["closure"],
  });
});
