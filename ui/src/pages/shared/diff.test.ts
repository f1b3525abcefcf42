import { describe, expect, test } from "vitest";
import { type DiffPart, elide, wordDiff } from "./diff";

const marks = { same: ["", ""], removed: ["[-", "-]"], added: ["[+", "+]"] } as const;
const show = (parts: DiffPart[]) => parts.map((p) => marks[p.kind].join(p.text)).join("");
const without = (parts: DiffPart[], kind: DiffPart["kind"]) =>
  parts
    .filter((p) => p.kind !== kind)
    .map((p) => p.text)
    .join("");

describe("wordDiff", () => {
  test.each([
    ["nothing changes", "the same", "the same", "the same"],
    [
      "a word in the middle",
      "Pay button is slow",
      "Pay button is broken",
      "Pay button is [-slow-][+broken+]",
    ],
    ["a word more", "House number gone", "House number is gone", "House number [+is +]gone"],
    ["a word less", "It is very slow", "It is slow", "It is [-very -]slow"],
    ["words beside each other are one change", "pay now", "buy later", "[-pay now-][+buy later+]"],
    ["from nothing", "", "A title", "[+A title+]"],
    ["to nothing", "A title", "", "[-A title-]"],
    ["punctuation is a word of its own", "Slow.", "Slow!", "Slow[-.-][+!+]"],
    ["a language without blanks", "支払いが遅い", "支払いが速い", "支払いが[-遅い-][+速い+]"],
  ])("%s", (_, from, to, want) => {
    expect(show(wordDiff(from, to))).toBe(want);
  });

  test("gives both texts back, whatever they are", () => {
    const texts = [
      "",
      " ",
      "a",
      "a b c a b",
      "b a b  c\n\na",
      "The card is charged twice, and no receipt comes.",
      "The card was charged twice. No receipt came, and nobody answers.",
      "ß 🙂 é é x",
    ];
    for (const from of texts) {
      for (const to of texts) {
        const parts = wordDiff(from, to);
        expect(without(parts, "added")).toBe(from);
        expect(without(parts, "removed")).toBe(to);
        expect(parts.some((p) => p.text === "")).toBe(false);
      }
    }
  });

  test("two long texts are compared in bounded time", () => {
    const long = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word}${i}`).join(" ");
    const parts = wordDiff(`same ${long("a")} end`, `same ${long("b")} end`);
    expect(parts.map((p) => p.kind)).toEqual(["same", "removed", "added", "same"]);
  });
});

test("elide keeps what stands next to a change", () => {
  const long = "x".repeat(40);
  const parts = elide(
    [
      { kind: "same", text: `${long} near` },
      { kind: "added", text: long },
      { kind: "same", text: `near ${long}` },
    ],
    5,
  );
  expect(parts.map((p) => p.text)).toEqual(["… near", long, "near …"]);
  const short: DiffPart[] = [{ kind: "same", text: "short" }];
  expect(elide(short)).toEqual(short);
});
