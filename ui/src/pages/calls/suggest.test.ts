import { expect, test } from "vitest";
import { fieldSuggestions, valueSuggestions } from "./suggest";

const fields = ["status", "route", "session", "app"].map((name) => ({
  name,
  number: name === "status",
  facet: true,
  doc: `what ${name} is`,
}));
const values = [
  { value: "Web shop", count: 12 },
  { value: "", count: 7 },
  { value: "acme", count: 3 },
];

test("names are offered by their first letters, also to leave out", () => {
  expect(fieldSuggestions(fields, "s").map((s) => s.text)).toEqual(["status:", "session:"]);
  expect(fieldSuggestions(fields, "-a").map((s) => s.text)).toEqual(["-app:"]);
  expect(fieldSuggestions(fields, "").length).toBe(4);
  expect(fieldSuggestions(fields, "status:5")).toEqual([]);
});

test("values are offered by any part of them, quoted where they need it", () => {
  expect(valueSuggestions(values, "app:", String)).toEqual([
    { text: 'app:"Web shop"', label: "Web shop", note: "12", whole: true },
    { text: "app:acme", label: "acme", note: "3", whole: true },
  ]);
  expect(valueSuggestions(values, "-app:SHO", String).map((s) => s.text)).toEqual(['-app:"Web shop"']);
  expect(valueSuggestions(values, "ms>1", String)).toEqual([]);
});
