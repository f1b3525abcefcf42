import type { Message } from "./index";

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
export function pseudo<K extends string>(of: Record<K, Message>): Record<K, Message> {
  const turn = (m: Message): Message =>
    typeof m === "string" ? pseudoText(m) : { one: pseudoText(m.one), other: pseudoText(m.other) };
  const turned = Object.entries<Message>(of).map(([key, m]) => [key, turn(m)]);
  return Object.fromEntries(turned) as Record<K, Message>;
}
