import { expect, test } from "vitest";
import { maskIn, splitSpans } from "./spans";

const show = (text: string, spans: { start: number; end: number; kind: string }[]) =>
  splitSpans(text, spans).map((p) => (p.kind ? `[${p.kind}:${p.text}]` : p.text));

test("offsets count bytes of UTF-8", () => {
  const text = "Grüße an ana@x.io 👋 bitte";
  const start = Buffer.from("Grüße an ").length;
  expect(show(text, [{ start, end: start + 8, kind: "email" }])).toEqual([
    "Grüße an ",
    "[email:ana@x.io]",
    " 👋 bitte",
  ]);
});

test("spans that overlap, are empty or run over the end lose nothing of the text", () => {
  const text = "call +49 171 now";
  const spans = [
    { start: 5, end: 12, kind: "phone" },
    { start: 8, end: 10, kind: "name" },
    { start: 13, end: 13, kind: "name" },
    { start: 13, end: 99, kind: "name" },
  ];
  expect(show(text, spans)).toEqual(["call ", "[phone:+49 171]", " ", "[name:now]"]);
  expect(
    splitSpans(text, spans)
      .map((p) => p.text)
      .join(""),
  ).toBe(text);
});

test("a text without spans is one part, an empty one none", () => {
  expect(show("plain", [])).toEqual(["plain"]);
  expect(show("", [{ start: 0, end: 4, kind: "name" }])).toEqual([]);
});

test("a heading taken from the text hides what the text hides", () => {
  const text = "My card 4111 was charged";
  expect(maskIn("My card 4111 was", text, [{ start: 8, end: 12, kind: "card" }])).toBe("My card ••• was");
});
