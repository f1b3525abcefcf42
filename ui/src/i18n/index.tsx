import type { ReactNode } from "react";
import { en } from "./en";

type Catalogue = typeof en;
export type MessageKey = keyof Catalogue;
type Plural = { one: string; other: string };
type Values = Record<string, string | number>;

const language = "en";
const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

function pick(key: MessageKey, values?: Record<string, unknown>): string {
  const message = en[key] as string | Plural;
  if (typeof message === "string") return message;
  const count = Number(values?.count ?? 0);
  return plurals.select(count) === "one" ? message.one : message.other;
}

const show = (v: unknown): string => (typeof v === "number" ? numbers.format(v) : String(v));

/**
 * One message of the catalogue with its {placeholders} filled in. A message with plural forms chooses by
 * `count`. Sentences are whole messages: none is put together from pieces.
 */
export function t(key: MessageKey, values?: Values): string {
  return pick(key, values).replace(/\{(\w+)\}/g, (whole, name: string) =>
    values && name in values ? show(values[name]) : whole,
  );
}

/** The same as `t` where a placeholder is an element, such as a link or bold text. */
export function Trans({ k, values }: { k: MessageKey; values: Record<string, ReactNode> }): ReactNode {
  return pick(k, values)
    .split(/(\{\w+\})/)
    .map((part, i) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      const value = name ? values[name] : part;
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one message never move
      return <span key={i}>{typeof value === "number" ? numbers.format(value) : value}</span>;
    });
}

/** The catalogue's word for a value that comes from the server, or the value itself when it is a new one. */
export function word(prefix: string, value: string): string {
  const key = `${prefix}.${value}` as MessageKey;
  const found = en[key] as string | undefined;
  return found ?? value.replaceAll("_", " ");
}
