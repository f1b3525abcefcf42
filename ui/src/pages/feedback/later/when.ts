import { instantOf, plusDays, type Wall, wallOf, weekdayOf } from "@/i18n/wall";

/**
 * When "later" is. What people write is a time on the wall of the launch's zone; only "in 2 hours" is a span
 * of time. Pure: the reader of dates in words (chrono) is handed in by parse.ts.
 */

/** The hour at which a day begins that is named without one. */
export const morning = 9;

const hourMs = 3_600_000;

/** The four ready choices, in the order of their keys. */
export const choices = ["hours", "tomorrow", "monday", "week"] as const;
export type Choice = (typeof choices)[number];

export function choiceAt(choice: Choice, now: number, zone: string | undefined): number {
  const today = { ...wallOf(now, zone), hour: morning, minute: 0 };
  switch (choice) {
    case "hours":
      return Math.ceil((now + 3 * hourMs) / 60_000) * 60_000;
    case "tomorrow":
      return instantOf(plusDays(today, 1), zone);
    case "monday":
      return instantOf(nextMonday(today), zone);
    case "week":
      return instantOf(plusDays(today, 7), zone);
  }
}

/** The Monday after today, also on a Monday. */
const nextMonday = (today: Wall): Wall => plusDays(today, (8 - weekdayOf(today)) % 7 || 7);

/** The number of a choice when that is all that is typed; anything more is words. */
export function choiceOf(text: string): Choice | undefined {
  return /^[1-4]$/.test(text.trim()) ? choices[Number(text) - 1] : undefined;
}

const counts: Record<string, number> = {
  a: 1,
  an: 1,
  one: 1,
  ein: 1,
  eine: 1,
  einer: 1,
  half: 0.5,
  halbe: 0.5,
  halben: 0.5,
};
const span =
  /(\d+(?:[.,]\d+)?|half an|half a|an?|one|einer halben|eine halbe|einer|eine|ein)\s*(h|hours?|hrs?|std|stunden?|m|mins?|minutes?|minuten?)(?![\p{L}])\.?/giu;

/** "in 2 hours", "90 min", "1 h 30 min", "in einer halben Stunde" in ms; undefined when it is no such span. */
export function spanOf(text: string): number | undefined {
  const body = text.trim().replace(/^in\s+/i, "");
  let ms = 0;
  const rest = body.replace(span, (_, count: string, unit: string) => {
    const word = count.toLowerCase();
    const n = /half|halb/.test(word) ? 0.5 : (counts[word] ?? Number(word.replace(",", ".")));
    ms += n * (/^(h|st)/i.test(unit) ? hourMs : 60_000);
    return "";
  });
  return ms > 0 && /^[\s,]*(?:(?:and|und)[\s,]*)*$/i.test(rest) ? ms : undefined;
}

const months = /(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])\p{L}*\.?\s+\d{1,2}$/iu;

/** Writes out what people shorten and what the reader of dates would take for something else. */
export function spellOut(text: string, now: number, zone: string | undefined): string {
  const today = wallOf(now, zone);
  let s = text.trim().replace(/\s+/g, " ");
  s = s.replace(/^(?:the )?day after tomorrow\b/i, "in 2 days");
  s = s.replace(/\b(?:next week|n[aä](?:e)?chste[rn]? woche)(?!\p{L})/iu, isoOf(nextMonday(today)));
  s = s.replace(/\b(heute|morgen|übermorgen) (?:früh|vormittag|morgen)(?!\p{L})/iu, `$1 ${morning}:00`);
  s = s.replace(/\b(\d{1,2})\.\s?(\d{1,2})\.?(?=$| )(?! ?uhr)/gi, (whole, d: string, m: string) => {
    const day = { ...today, month: Number(m), day: Number(d) };
    if (day.month < 1 || day.month > 12 || day.day < 1 || day.day > 31) return whole;
    const passed = isoOf(day) < isoOf(today);
    return isoOf(passed ? { ...day, year: day.year + 1 } : day);
  });
  // A number at the end is the hour, unless it is the day of a month.
  if (/(?:^|\p{L} |\d{4}-\d{2}-\d{2} )\d{1,2}$/u.test(s) && !months.test(s) && !/^in \d+$/i.test(s))
    s = `${s}:00`;
  return s;
}

const two = (n: number): string => String(n).padStart(2, "0");
const isoOf = (w: Wall): string => `${w.year}-${two(w.month)}-${two(w.day)}`;

/** What the reader of dates says of a text, as far as it matters here. */
export interface Reading {
  text: string;
  tags: string[];
  /** The instant, when it names its own zone. */
  fixed?: number;
  wall: Wall;
  /** Whether the hour was said and not filled in. */
  timed: boolean;
  /** Whether the day was said and not filled in. */
  dated: boolean;
}

/** The reading that makes most of the text; of two that make as much, the one that names a day, then the first. */
export function bestOf(readings: Reading[]): Reading | undefined {
  return readings.reduce<Reading | undefined>((best, r) => {
    if (!best) return r;
    const more = r.text.length - best.text.length || Number(r.dated) - Number(best.dated);
    return more > 0 ? r : best;
  }, undefined);
}

const partsOfDay = /casualReference\/(afternoon|evening|noon|tonight|night|midnight)/;

/** The instant that a reading means in a zone: a day without an hour begins in the morning. */
export function instantOfReading(r: Reading, zone: string | undefined): number {
  if (r.fixed !== undefined) return r.fixed;
  const kept = r.timed || r.tags.some((tag) => partsOfDay.test(tag));
  return instantOf(kept ? r.wall : { ...r.wall, hour: morning, minute: 0 }, zone);
}

export const longestMs = 365 * 24 * hourMs;

/** What is wrong with an instant as the end of putting off. */
export function refusal(at: number, now: number): "passed" | "far" | undefined {
  if (at <= now) return "passed";
  return at - now > longestMs ? "far" : undefined;
}
