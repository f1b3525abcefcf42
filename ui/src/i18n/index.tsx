import type { ReactNode } from "react";
import type { en } from "./en";
import type { channels } from "./en/channels";
import type { errors } from "./en/errors";
import type { evidence } from "./en/evidence";
import type { gateway } from "./en/gateway";
import type { people } from "./en/people";
import type { privacy } from "./en/privacy";
import type { traces } from "./en/traces";

export type MessageKey =
  | keyof typeof en
  | keyof typeof gateway
  | keyof typeof channels
  | keyof typeof evidence
  | keyof typeof errors
  | keyof typeof people
  | keyof typeof privacy
  | keyof typeof traces;
type Plural = { one: string; other: string };
export type Message = string | Plural;
/** A complete set of messages: a language that lacks one does not compile. */
export type Catalogue = Record<keyof typeof en, Message>;
type Values = Record<string, string | number>;

/** Languages that can be chosen. "pseudo" is English made longer and accented, to find what is not translated. */
export const languages = ["en", "de"] as const;
export type Language = (typeof languages)[number] | "pseudo";

let messages: Partial<Record<MessageKey, Message>> = {};
let language: Language = "en";
let plurals = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/** The locale for Intl, that of the words on the page. */
export const locale = (): string => (language === "pseudo" ? "en" : language);

/** Brings the words of a language in; before the first page is drawn, and never after: the page reloads. */
export async function loadLanguage(to: Language): Promise<void> {
  if (to === "de") messages = (await import("./de")).de;
  else {
    const { en } = await import("./en");
    messages = to === "pseudo" ? (await import("./pseudo")).pseudo(en) : en;
  }
  language = to;
  plurals = new Intl.PluralRules(locale());
  numbers = new Intl.NumberFormat(locale());
}

/** Words that come with the pages that say them: everything else is in the way of the first page. */
const areas = {
  channels: {
    en: async () => (await import("./en/channels")).channels,
    de: async () => (await import("./de/channels")).channels,
  },
  evidence: {
    en: async () => (await import("./en/evidence")).evidence,
    de: async () => (await import("./de/evidence")).evidence,
  },
  errors: {
    en: async () => (await import("./en/errors")).errors,
    de: async () => (await import("./de/errors")).errors,
  },
  gateway: {
    en: async () => (await import("./en/gateway")).gateway,
    de: async () => (await import("./de/gateway")).gateway,
  },
  people: {
    en: async () => (await import("./en/people")).people,
    de: async () => (await import("./de/people")).people,
  },
  privacy: {
    en: async () => (await import("./en/privacy")).privacy,
    de: async () => (await import("./de/privacy")).privacy,
  },
  traces: {
    en: async () => (await import("./en/traces")).traces,
    de: async () => (await import("./de/traces")).traces,
  },
};

/** Brings the words of an area in, in the language of the page. */
export async function loadArea(name: keyof typeof areas): Promise<void> {
  const area = areas[name];
  const words =
    language === "de"
      ? await area.de()
      : language === "pseudo"
        ? (await import("./pseudo")).pseudo<string>(await area.en())
        : await area.en();
  messages = { ...messages, ...words };
}

/** The first of the reader's languages that there is a catalogue for. */
export function bestLanguage(wanted: readonly string[]): Language {
  for (const w of wanted) {
    const found = languages.find((l) => w.toLowerCase().split("-")[0] === l);
    if (found) return found;
  }
  return "en";
}

function pick(key: MessageKey, values?: Record<string, unknown>): string {
  const message = messages[key];
  // A key of a newer page in an older catalogue: its name is better than nothing.
  if (message === undefined) return key;
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
  const found = messages[`${prefix}.${value}` as MessageKey] as string | undefined;
  return found ?? value.replaceAll("_", " ");
}
