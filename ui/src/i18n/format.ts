/** Dates, numbers and sizes by Intl. Times are shown in the launch's zone; the reader's own is in the title. */
import { locale, t } from "./index";

const day = 86_400_000;

/** Made at first use: the language of the page is known only then. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const memo = new Map<string, Intl.DateTimeFormat>();
function formatter(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${JSON.stringify(options)}`;
  let f = memo.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat(locale(), { ...options, timeZone: validZone(zone) });
    memo.set(key, f);
  }
  return f;
}

/** Undefined (the reader's zone) for a name that Intl does not know. */
export function validZone(zone: string | undefined): string | undefined {
  if (!zone) return undefined;
  try {
    new Intl.DateTimeFormat(locale(), { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

const clockOptions: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const dateKey: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };

/** As short as it can be without doubt: 14:12 today, 12 Nov this year, 12 Nov 2024 before. */
export function shortTime(iso: string, zone?: string, now = Date.now()): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  const same = (o: Intl.DateTimeFormatOptions) =>
    formatter(zone, o).format(at) === formatter(zone, o).format(now);
  if (same(dateKey)) return formatter(zone, clockOptions).format(at);
  if (same({ year: "numeric" })) return formatter(zone, { day: "numeric", month: "short" }).format(at);
  return formatter(zone, { day: "numeric", month: "short", year: "numeric" }).format(at);
}

export function dateTime(iso: string, zone?: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  return formatter(zone, { day: "numeric", month: "short", year: "numeric", ...clockOptions }).format(at);
}

/** A time ahead, as short as it can be without doubt: 14:00 today, Mon 09:00 this week, 2 Dec, 09:00 after. */
export function moment(iso: string, zone?: string, now = Date.now()): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  const same = (o: Intl.DateTimeFormatOptions) =>
    formatter(zone, o).format(at) === formatter(zone, o).format(now);
  if (same(dateKey)) return formatter(zone, clockOptions).format(at);
  if (at > now && at - now < 6 * day) {
    return formatter(zone, { weekday: "short", ...clockOptions }).format(at);
  }
  const year: Intl.DateTimeFormatOptions = same({ year: "numeric" }) ? {} : { year: "numeric" };
  return formatter(zone, { day: "numeric", month: "short", ...year, ...clockOptions }).format(at);
}

/** A time ahead in full: weekday, day, time and the name of the zone. */
export function fullMoment(at: number, zone?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    ...clockOptions,
  };
  return formatter(zone, options).format(at);
}

export function date(iso: string, zone?: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  return formatter(zone, { day: "numeric", month: "short", year: "numeric" }).format(at);
}

/** What the title of a time says: the launch's zone, the reader's when it differs, and UTC. */
export function fullTime(iso: string, zone?: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    ...clockOptions,
    second: "2-digit",
  };
  const line = (z: string | undefined) => `${formatter(z, options).format(at)} ${z ?? t("time.yours")}`;
  const zones = [...new Set([validZone(zone), undefined, "UTC"])];
  return zones.map(line).join("\n");
}

const relative = once(() => new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }));
const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", day],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** "5 min. ago", "yesterday"; within a minute "now". */
export function ago(iso: string, now = Date.now()): string {
  const diff = Date.parse(iso) - now;
  if (Number.isNaN(diff)) return "";
  for (const [unit, ms] of steps) {
    if (Math.abs(diff) >= ms) return relative().format(Math.trunc(diff / ms), unit);
  }
  return t("time.now");
}

const whole = once(() => new Intl.NumberFormat(locale()));
export const number = (n: number): string => whole().format(n);

const compactNumber = once(
  () => new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }),
);
/** 12 stays 12, 12,345 becomes 12.3K: for badges. */
export const compact = (n: number): string => (n < 1000 ? number(n) : compactNumber().format(n));

export const percent = (fraction: number, digits = 0): string =>
  new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: digits }).format(fraction);

export const decimal = (n: number, digits = 1): string =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(n);

const spans: [unit: string, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long something lasts, in the largest whole unit: "2 days", or "2d" where there is little room. */
export function duration(seconds: number, display: "short" | "narrow" = "short"): string {
  const [unit, size] = spans.find(([, s]) => seconds >= s) ?? ["minute", 60];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: display }).format(
    Math.floor(seconds / size),
  );
}

/** 1,536 is "1.5 kB"; decimal units, as file managers show them. */
export function bytes(n: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let i = 0;
  let v = n;
  while (v >= 1000 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: units[i],
    unitDisplay: i ? "short" : "long",
    maximumFractionDigits: i ? 1 : 0,
  }).format(v);
}

const languageNames = once(() => new Intl.DisplayNames(locale(), { type: "language" }));
/** "German" for "de"; the code itself when it is none that Intl knows. */
export function languageName(code: string): string {
  if (!code || code === "unknown") return t("language.unknown");
  try {
    return languageNames().of(code) ?? code;
  } catch {
    return code;
  }
}

/** Initials for a round: two letters at most. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s.@_-]+/)
    .filter(Boolean);
  const first = words[0]?.[0] ?? "?";
  const last = words.length > 1 ? (words[words.length - 1]?.[0] ?? "") : "";
  return (first + last).toLocaleUpperCase(locale());
}

/** "Fri", or "Fri 27": a weekday and a number read the same in every language; Intl turns them round in some. */
export function dayName(ms: number, zone: string | undefined, numbered: boolean): string {
  const weekday = formatter(zone, { weekday: "short" }).format(ms);
  return numbered
    ? `${weekday} ${formatter(zone, { day: "numeric" }).format(ms).replace(/\D/g, "")}`
    : weekday;
}

/** The time of day alone: 14:12. */
export const clock = (iso: string, zone?: string): string =>
  formatter(zone, clockOptions).format(Date.parse(iso));

/** A date as a heading: "Thursday, 26 November". */
export const dayHeading = (iso: string, zone?: string): string =>
  formatter(zone, { weekday: "long", day: "numeric", month: "long" }).format(Date.parse(iso));

/** The time of day to the second, or to the millisecond: 14:12:03.120. */
export function clockTo(part: "second" | "millisecond", iso: string | number, zone?: string): string {
  const at = typeof iso === "number" ? iso : Date.parse(iso);
  if (Number.isNaN(at)) return "";
  const fraction = part === "millisecond" ? { fractionalSecondDigits: 3 as const } : {};
  return formatter(zone, { ...clockOptions, second: "2-digit", ...fraction }).format(at);
}
