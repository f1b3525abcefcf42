import { describe, expect, test } from "vitest";
import {
  decisionSearch,
  deliverySearch,
  feedbackSearch,
  issueSearch,
  parseSearch,
  stringifySearch,
} from "./search";

test("a search survives the way into the URL and back", () => {
  const search = {
    tab: "all" as const,
    q: "pay & spin, «ü»",
    severity: ["sev1", "sev2"],
    area: ["a,b"],
    item: "fb_1",
  };
  expect(feedbackSearch(parseSearch(stringifySearch(search)))).toEqual(search);
});

test("the URL is readable and leaves out what has no value", () => {
  expect(stringifySearch({ severity: ["sev1", "sev2"], q: undefined, item: "" })).toBe(
    "?severity=sev1&severity=sev2",
  );
  expect(stringifySearch({})).toBe("");
});

describe("nothing in a URL is believed", () => {
  test.each([
    ["an unknown tab", "?tab=drop%20table", {}],
    ["an unknown order", "?sort=-number", {}],
    ["an empty list", "?severity=", {}],
    ["an unknown part of the timeline", "?timeline=rubbish", {}],
    ["a part of the timeline", "?timeline=notes", { timeline: "notes" }],
    ["blanks", "?q=%20%20", {}],
    ["a date that is none", "?from=yesterday&to=2026-13-45", {}],
    ["a date", "?from=2026-11-01", { from: "2026-11-01" }],
    ["a value twice", "?category=bug&category=bug", { category: ["bug"] }],
    ["two tabs: the first", "?tab=all&tab=done", { tab: "all" }],
    ["a tab of old links", "?tab=accepted", { tab: "done" }],
    ["another one", "?tab=ignored", { tab: "done" }],
    ["how long it waits", "?waiting=4h&rating=low", { waiting: "4h", rating: "low" }],
    ["a wait that is none", "?waiting=5h&rating=toString", {}],
    ["an unknown key", "?__proto__=x&constructor=y", {}],
  ])("%s", (_, url, want) => {
    expect(feedbackSearch(parseSearch(url))).toEqual(want);
  });

  test("long text is cut and long lists end", () => {
    const many = Array.from({ length: 80 }, (_, i) => `tag=t${i}`).join("&");
    expect(feedbackSearch(parseSearch(`?${many}`)).tag).toHaveLength(50);
    expect(feedbackSearch(parseSearch(`?q=${"x".repeat(1000)}`)).q).toHaveLength(300);
  });
});

test("issues and deliveries have filters of their own", () => {
  expect(issueSearch(parseSearch("?sort=reach&show=all&stage=analysis&tab=all"))).toEqual({
    sort: "reach",
    show: "all",
    stage: ["analysis"],
  });
  expect(deliverySearch(parseSearch("?state=dead&delivery=dl_1&x=1"))).toEqual({
    state: "dead",
    delivery: "dl_1",
  });
});

test("values of decisions go with their field, and are always wrong ones", () => {
  expect(decisionSearch(parseSearch("?field=category&from=bug&engine=rule"))).toEqual({
    field: "category",
    engine: "rule",
    wrong: "true",
    from: "bug",
  });
  expect(decisionSearch(parseSearch("?from=bug&to=question&engine=magic&wrong=maybe"))).toEqual({});
  expect(decisionSearch(parseSearch("?wrong=true&field=mood"))).toEqual({ wrong: "true" });
  expect(decisionSearch(parseSearch("?any=true"))).toEqual({ any: "true" });
  expect(decisionSearch(parseSearch("?any=true&field=area&to=export"))).toEqual({
    field: "area",
    wrong: "true",
    to: "export",
  });
});
