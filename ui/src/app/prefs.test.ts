import { expect, test } from "vitest";
import { parsePrefs } from "./prefs";

test("what was stored is kept where it is valid", () => {
  expect(
    parsePrefs('{"theme":"dark","singleKeys":false,"density":"huge","wideNav":true,"lastLaunch":"la_1"}'),
  ).toEqual({
    theme: "dark",
    language: "system",
    singleKeys: false,
    density: "default",
    wideNav: true,
    lastLaunch: "la_1",
  });
});

test.each([null, "", "not json", "[]", "null", '"text"', '{"lastLaunch":7}'])(
  "rubbish (%s) is the default",
  (text) => {
    expect(parsePrefs(text)).toEqual({
      theme: "system",
      language: "system",
      wideNav: undefined,
      singleKeys: true,
      density: "default",
      lastLaunch: "",
    });
  },
);
