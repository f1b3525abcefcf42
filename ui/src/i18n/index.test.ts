import { afterEach, expect, test } from "vitest";
import { de } from "./de";
import { channels as deChannels } from "./de/channels";
import { errors as deErrors } from "./de/errors";
import { evidence as deEvidence } from "./de/evidence";
import { gateway as deGateway } from "./de/gateway";
import { people as dePeople } from "./de/people";
import { en } from "./en";
import { channels as enChannels } from "./en/channels";
import { errors as enErrors } from "./en/errors";
import { evidence as enEvidence } from "./en/evidence";
import { gateway as enGateway } from "./en/gateway";
import { people as enPeople } from "./en/people";
import { bestLanguage, loadArea, loadLanguage, type Message, t, word } from "./index";
import { pseudoText } from "./pseudo";

afterEach(() => loadLanguage("en"));

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

test("another language brings its words and its numbers", async () => {
  await loadLanguage("de");
  expect(word("severity", "sev2")).toBe((de["severity.sev2"] as string) ?? "");
  expect(t("feedback.reports", { count: 12345 })).toContain("12.345");
});

test("the pseudo language is longer, accented, and keeps its placeholders", async () => {
  expect(pseudoText("Merge {key}")).toBe("[Méřgé {key}·····]");
  await loadLanguage("pseudo");
  expect(t("toast.joined", { key: "HC-1" })).toMatch(/^\[.*HC-1·+\]$/);
});

test.each([
  [["de-AT", "en"], "de"],
  [["fr", "DE"], "de"],
  [["fr", "it"], "en"],
  [[], "en"],
])("for readers of %j the best language is %s", (wanted, best) => {
  expect(bestLanguage(wanted)).toBe(best);
});

test("the words of an area come in the language of the page, and none takes the place of another", async () => {
  for (const key of Object.keys({ ...enGateway, ...enChannels, ...enErrors, ...enPeople, ...enEvidence }))
    expect(key in en, key).toBe(false);
  await loadLanguage("de");
  expect(t("apis.edit")).toBe("apis.edit");
  await loadArea("gateway");
  expect(t("apis.edit")).toBe(deGateway["apis.edit"]);
  expect(t("nav.inbox")).toBe(de["nav.inbox"]);
});

const english = { ...en, ...enGateway, ...enChannels, ...enErrors, ...enPeople, ...enEvidence };
const german = { ...de, ...deGateway, ...deChannels, ...deErrors, ...dePeople, ...deEvidence };

/** The placeholders of a message; "one" may say the number in words. */
const names = (s: string) =>
  [...new Set(s.match(/\{\w+\}/g))]
    .filter((n) => n !== "{count}")
    .sort()
    .join();
const forms = (m: Message) => (typeof m === "string" ? [m] : [m.one, m.other]);

test("every plural message has both forms with the same placeholders", () => {
  for (const catalogue of [english, german]) {
    for (const [key, message] of Object.entries(catalogue) as [string, Message][]) {
      const [one, other = one] = forms(message);
      expect(names(one ?? ""), key).toBe(names(other ?? ""));
    }
  }
});

test("German says what English says: same keys, same placeholders, same kind", () => {
  expect(Object.keys(german).sort()).toEqual(Object.keys(english).sort());
  for (const [key, message] of Object.entries(english) as [keyof typeof english, Message][]) {
    const other = german[key];
    expect(typeof other, key).toBe(typeof message);
    expect(names(forms(other)[0] ?? ""), key).toBe(names(forms(message)[0] ?? ""));
  }
});
