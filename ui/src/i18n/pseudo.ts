import type { Catalogue, Message } from "./index";

const accents: Record<string, string> = {
  a: "á",
  c: "ç",
  e: "é",
  i: "í",
  n: "ñ",
  o: "ö",
  r: "ř",
  s: "š",
  u: "ü",
  y: "ý",
  z: "ž",
  A: "Á",
  C: "Ç",
  E: "É",
  I: "Í",
  N: "Ñ",
  O: "Ö",
  R: "Ř",
  S: "Š",
  U: "Ü",
  Y: "Ý",
  Z: "Ž",
};

/** Accented, 40 % longer and in brackets; {placeholders} stay. */
export function pseudoText(text: string): string {
  const accented = text
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? part : part.replace(/[a-z]/gi, (c) => accents[c] ?? c)))
    .join("");
  return `[${accented}${"·".repeat(Math.ceil(text.length * 0.4))}]`;
}

/** Every message of a catalogue as a language that nobody speaks: what stays plain was never translated. */
export function pseudo(of: Catalogue): Catalogue {
  const turn = (m: Message): Message =>
    typeof m === "string" ? pseudoText(m) : { one: pseudoText(m.one), other: pseudoText(m.other) };
  return Object.fromEntries(Object.entries(of).map(([key, m]) => [key, turn(m)])) as Catalogue;
}
