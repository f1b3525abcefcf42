import { describe, expect, test } from "vitest";
import { ariaKeys, isSingleKey, matches, overlap, pressOf, showKeys } from "./keys";

const press = (
  key: string,
  mods: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...mods,
});

describe("pressOf", () => {
  test.each([
    ["a letter", press("j"), "j"],
    ["a capital is shift and the letter", press("J", { shiftKey: true }), "shift+j"],
    ["a sign needs no shift", press("?", { shiftKey: true }), "?"],
    ["control is mod", press("k", { ctrlKey: true }), "mod+k"],
    ["shift and enter", press("Enter", { shiftKey: true }), "shift+enter"],
    ["the space bar", press(" "), "space"],
    ["a digit", press("1"), "1"],
    ["alt and arrow", press("ArrowUp", { altKey: true }), "alt+arrowup"],
  ])("%s", (_, event, want) => {
    expect(pressOf(event, false)).toBe(want);
  });

  test("on a Mac the command key is mod and control is not", () => {
    expect(pressOf(press("k", { metaKey: true }), true)).toBe("mod+k");
    expect(pressOf(press("k", { ctrlKey: true }), true)).toBe("k");
  });
});

test("matches tells full, part and no", () => {
  expect(matches("g i", ["g"])).toBe("part");
  expect(matches("g i", ["g", "i"])).toBe("full");
  expect(matches("g i", ["i"])).toBe("no");
  expect(matches("g", ["g", "i"])).toBe("no");
});

test("single keys are those without a modifier that is not Shift", () => {
  expect(["j", "g i", "?", "shift+j", "1"].map(isSingleKey)).toEqual([true, true, true, true, true]);
  expect(["mod+k", "enter", "escape", "alt+1", "shift+enter"].map(isSingleKey)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("two bindings overlap when one hides the other", () => {
  expect([overlap("g", "g"), overlap("g", "g i"), overlap("c l", "c")]).toEqual([true, true, true]);
  expect([overlap("g i", "g s"), overlap("c", "c+l"), overlap("s", "shift+s")]).toEqual([
    false,
    false,
    false,
  ]);
});

test("assistive technology is told the keys in its words", () => {
  expect(["mod+k", "shift+enter", "j"].map((k) => ariaKeys(k, false))).toEqual([
    "Control+k",
    "Shift+Enter",
    "j",
  ]);
  expect(ariaKeys("mod+k", true)).toBe("Meta+k");
  expect(ariaKeys("g i")).toBeUndefined();
});

test("caps are drawn as the machine names them", () => {
  expect(showKeys("mod+k", true)).toEqual(["⌘K"]);
  expect(showKeys("mod+k", false)).toEqual(["Ctrl K"]);
  expect(showKeys("g i", false)).toEqual(["G", "I"]);
  expect(showKeys("shift+enter", false)).toEqual(["⇧↵"]);
});
