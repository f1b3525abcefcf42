import { expect, test } from "vitest";
import { en } from "./en";
import { t, word } from "./index";

test("placeholders are filled, numbers as people write them", () => {
  expect(t("toast.merged", { key: "HC-2", into: "HC-1" })).toBe("HC-2 merged into HC-1");
  expect(t("feedback.reports", { count: 12345 })).toBe("12,345 reports");
});

test("plural forms are chosen by count", () => {
  expect([0, 1, 2].map((count) => t("bulk.count", { count }))).toEqual([
    "0 selected",
    "1 selected",
    "2 selected",
  ]);
  expect([1, 2].map((count) => t("issue.people", { count }))).toEqual(["1 person", "2 people"]);
});

test("a missing value stays visible instead of vanishing", () => {
  expect(t("toast.joined")).toBe("Joined to {key}");
});

test("words of the server have names, and new ones are readable", () => {
  expect(word("category", "feature_request")).toBe("Feature request");
  expect(word("category", "some_new_kind")).toBe("some new kind");
});

test("every plural message has both forms with the same placeholders", () => {
  // "one" may say the number in words.
  const names = (s: string) =>
    [...new Set(s.match(/\{\w+\}/g))]
      .filter((n) => n !== "{count}")
      .sort()
      .join();
  for (const [key, message] of Object.entries(en)) {
    if (typeof message !== "string") expect(names(message.one), key).toBe(names(message.other));
  }
});
