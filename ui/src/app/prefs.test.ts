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
    keys: {},
    times: "launch",
    recent: [],
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
      keys: {},
      times: "launch",
      recent: [],
    });
  },
);

test("of chosen keys and recent things only what can be used is kept", () => {
  const good = { kind: "issue", launchId: "la_1", id: "HC-1", code: "HC-1", label: "Pay spins" };
  const { keys, recent, times } = parsePrefs(
    JSON.stringify({
      keys: { next: "n", mark: "", go: "g x", bad: "a b c", worse: 7, long: "x".repeat(99) },
      recent: [good, { ...good, kind: "virus" }, null, "x", { kind: "issue" }],
      times: "own",
    }),
  );
  expect(keys).toEqual({ next: "n", mark: "", go: "g x" });
  expect(recent).toEqual([good]);
  expect(times).toBe("own");
  expect(parsePrefs('{"keys":["a"],"recent":{"a":1},"times":"mars"}')).toMatchObject({
    keys: {},
    recent: [],
    times: "launch",
  });
});
