/** How long something took or takes, as people say it. */
import { locale } from "./index";

const steps = [
  { unit: "second", below: 60, size: 1 },
  { unit: "minute", below: 90 * 60, size: 60 },
  { unit: "hour", below: 48 * 3600, size: 3600 },
  { unit: "day", below: Number.POSITIVE_INFINITY, size: 86_400 },
] as const;

function format(seconds: number, unitDisplay: "short" | "long", digits: number) {
  const s = Math.max(0, seconds);
  const step = steps.find((x) => s < x.below) ?? steps[3];
  const n = s / step.size;
  // Never more than has passed: 119 seconds are one minute.
  const value = digits && n < 10 && step.size > 60 ? Math.floor(n * 10) / 10 : Math.floor(n);
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: step.unit,
    unitDisplay,
    maximumFractionDigits: digits,
  }).formatToParts(value);
}

/** In a sentence: "22 minutes", "3 hours", "2 days". */
export const duration = (seconds: number): string =>
  format(seconds, "long", 0)
    .map((p) => p.value)
    .join("");

/** As a figure with its unit apart: 22 and "min", 3.4 and "hr". */
export function durationParts(seconds: number): { value: string; unit: string } {
  const parts = format(seconds, "short", 1);
  const of = (unit: boolean) =>
    parts
      .filter((p) => (p.type === "unit" || p.type === "literal") === unit)
      .map((p) => p.value)
      .join("");
  return { value: of(false), unit: of(true).trim() };
}

/** Short, in one piece: "22 min". */
export function shortDuration(seconds: number): string {
  const { value, unit } = durationParts(seconds);
  return `${value} ${unit}`;
}
