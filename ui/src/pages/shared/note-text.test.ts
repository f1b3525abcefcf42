import { describe, expect, test } from "vitest";
import { askedAt, mentionsIn, peopleFor, putMention, splitNote } from "./note-text";

const sam = { id: "1", name: "Sam Rivera" };
const samuel = { id: "2", name: "Sam" };
const zoe = { id: "3", name: "Zoë Østby-Weiss" };
const people = [sam, samuel, zoe];

describe("askedAt", () => {
  test.each([
    ["an @ at the start", "@", { kind: "mention", from: 0, query: "" }],
    ["letters after it", "see @Sa", { kind: "mention", from: 4, query: "Sa" }],
    ["a second word of the name", "see @Sam Ri", { kind: "mention", from: 4, query: "Sam Ri" }],
    ["after a bracket", "(@z", { kind: "mention", from: 1, query: "z" }],
    ["a third word asks for nobody", "see @Sam is here", undefined],
    ["an address is no mention", "mail sam@shop", undefined],
    ["a blank after the @", "@ home", undefined],
    ["a new line ends it", "@Sam\nand", undefined],
    ["plain words", "hello", undefined],
    ["a slash at the start", "/sev", { kind: "command", query: "sev" }],
    ["a slash elsewhere", "and/or", undefined],
    ["a path over two lines", "/a\nb", undefined],
  ])("%s", (_, text, want) => {
    expect(askedAt(text, text.length)).toEqual(want);
  });

  test("only what stands before the caret counts", () => {
    expect(askedAt("@Sam and more", 3)).toEqual({ kind: "mention", from: 0, query: "Sa" });
  });
});

test("putMention leaves the caret behind the name, and a blank where there is none", () => {
  expect(putMention("see @sa", 4, 7, "Sam Rivera")).toEqual({ text: "see @Sam Rivera ", caret: 16 });
  expect(putMention("see @sa, please", 4, 7, "Sam")).toEqual({ text: "see @Sam, please", caret: 8 });
});

test("peopleFor finds by any word of the name, without accents", () => {
  expect(peopleFor(people, "sam")).toEqual([sam, samuel]);
  expect(peopleFor(people, "riv")).toEqual([sam]);
  expect(peopleFor(people, "zoe os")).toEqual([]);
  expect(peopleFor(people, "zoe")).toEqual([zoe]);
  expect(peopleFor(people, "weiss")).toEqual([zoe]);
  expect(peopleFor(people, "")).toHaveLength(3);
});

describe("mentionsIn", () => {
  test("takes the longest name that fits, each once", () => {
    expect(mentionsIn("@Sam Rivera and @Sam, @Sam", people, [])).toEqual(["1", "2"]);
    expect(mentionsIn("@Samantha", people, [])).toEqual([]);
    expect(mentionsIn("Sam Rivera", people, [])).toEqual([]);
    expect(mentionsIn("@Zoë Østby-Weiss!", people, [])).toEqual(["3"]);
  });
  test("of two with one name the picked one is meant", () => {
    const twin = { id: "9", name: "Sam" };
    expect(mentionsIn("@Sam", [...people, twin], [])).toEqual(["2"]);
    expect(mentionsIn("@Sam", [...people, twin], ["9"])).toEqual(["9"]);
  });
});

test("splitNote finds people, addresses and keys, and gives the text back", () => {
  const text = "@Sam Rivera see https://x.example/a?b=1. It is HC-214 (not AHC-2), mail a@Sam.example";
  const parts = splitNote(text, people);
  expect(parts.filter((p) => p.kind !== "text").map((p) => [p.kind, p.text])).toEqual([
    ["mention", "@Sam Rivera"],
    ["url", "https://x.example/a?b=1"],
    ["key", "HC-214"],
  ]);
  expect(parts.map((p) => p.text).join("")).toBe(text);
  expect(splitNote("", people)).toEqual([]);
  expect(splitNote("`@Sam HC-1` and `open", people).map((p) => [p.kind, p.text])).toEqual([
    ["code", "`@Sam HC-1`"],
    ["text", " and `open"],
  ]);
});
