import { expect, test } from "vitest";
import type { ApiVersion } from "@/api/types";
import { headersOf, lifeForm, nextState, versionName } from "./life";

const v1: ApiVersion = { version: "v1", state: "published", hosts: [], policies: [], routes: 2 };
const old: ApiVersion = {
  ...v1,
  state: "deprecated",
  deprecated: "2027-01-10",
  sunset: "2027-06-30",
  docs: "https://shop.example/v2",
};

test("a version is called by its API and itself", () => {
  expect(versionName({ name: "shop", version: "v1" })).toBe("shop v1");
  expect(versionName({ name: "shop", version: "" })).toBe("shop");
});

test("what is deprecated names its day, its end where it has one, and its page", () => {
  const f = { ...lifeForm(v1, "2027-02-01"), state: "deprecated" as const, note: " v2 is there " };
  expect(headersOf(f)).toEqual(["Deprecation"]);
  expect(headersOf(lifeForm(old, "2027-02-01"))).toEqual(["Deprecation", "Sunset", "Link"]);
  expect(nextState("v1", f, 7)).toEqual({
    version: "v1",
    state: "deprecated",
    deprecated: "2027-02-01",
    sunset: "",
    docs: "",
    note: "v2 is there",
    base: 7,
  });
});

test("what is retired keeps the day since when it was deprecated", () => {
  const sent = nextState("v1", { ...lifeForm(old, "2027-07-01"), state: "retired" }, 8);
  expect(sent).toMatchObject({ state: "retired", sunset: "2027-06-30", docs: "https://shop.example/v2" });
  expect(sent.deprecated).toBeUndefined();
});

test("what is published again or a draft has no end, and keeps its page", () => {
  for (const state of ["published", "draft"] as const) {
    const sent = nextState("v1", { ...lifeForm(old, "2027-07-01"), state }, 9);
    expect(sent).toMatchObject({ state, deprecated: "", sunset: "" });
    expect(sent.docs).toBeUndefined();
  }
});
