import type { CallField } from "@/api/types";
import { quote, typingOf } from "./query";

export interface Suggestion {
  /** What the field then holds. */
  text: string;
  label: string;
  note?: string;
  /** It is a whole token: taking it ends the typing. */
  whole: boolean;
}

/** Fields whose first letters were typed; the ones that people use most come first, as the server has them. */
export function fieldSuggestions(fields: CallField[], typed: string): Suggestion[] {
  const { not, name, op } = typingOf(typed);
  if (op) return [];
  return fields
    .filter((f) => f.name.startsWith(name))
    .slice(0, 12)
    .map((f) => ({
      text: `${not ? "-" : ""}${f.name}:`,
      label: `${f.name}:`,
      note: f.doc,
      whole: false,
    }));
}

/** Values that the calls of the filter have, with how many. */
export function valueSuggestions(
  values: { value: string; count: number }[],
  typed: string,
  show: (n: number) => string,
): Suggestion[] {
  const { not, name, op, value } = typingOf(typed);
  if (op !== ":") return [];
  const part = value.toLocaleLowerCase();
  return values
    .filter((v) => v.value !== "" && v.value.toLocaleLowerCase().includes(part))
    .slice(0, 12)
    .map((v) => ({
      text: `${not ? "-" : ""}${name}:${quote(v.value)}`,
      label: v.value,
      note: show(v.count),
      whole: true,
    }));
}
