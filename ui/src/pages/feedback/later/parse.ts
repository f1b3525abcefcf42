import * as de from "chrono-node/de";
import * as en from "chrono-node/en";
import { locale } from "@/i18n";
import { wallOf } from "@/i18n/wall";
import { bestOf, instantOfReading, type Reading, spanOf, spellOut } from "./when";

/**
 * Reads when "later" is, in English or German words; undefined when they say nothing of the kind. chrono
 * reckons with the browser's clock, so it is told that the browser's clock shows what the launch's does: what
 * it answers is a wall time, and that is all that is taken from it.
 */
export function parseWhen(text: string, now: number, zone: string | undefined): number | undefined {
  const span = spanOf(text);
  if (span !== undefined) return now + span;
  const said = spellOut(text, now, zone);
  if (!said) return undefined;
  const wall = wallOf(now, zone);
  const here = new Date(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
  const first = locale().startsWith("de") ? [de, en] : [en, de];
  const readings = first.flatMap((language): Reading[] =>
    language.parse(said, here, { forwardDate: true }).map((r) => {
      const { start } = r;
      const tags = [...r.tags()];
      const get = (part: "year" | "month" | "day" | "hour" | "minute") => start.get(part) ?? 0;
      const at = start.date().getTime();
      const spanned = tags.includes("result/relativeDateAndTime");
      const zoned = start.isCertain("timezoneOffset");
      return {
        text: r.text,
        tags,
        fixed: spanned ? now + at - here.getTime() : zoned ? at : undefined,
        wall: {
          year: get("year"),
          month: get("month"),
          day: get("day"),
          hour: get("hour"),
          minute: get("minute"),
        },
        timed: start.isCertain("hour"),
        dated: spanned || start.isCertain("day") || start.isCertain("weekday"),
      };
    }),
  );
  const best = bestOf(readings);
  return best && Math.floor(instantOfReading(best, zone) / 60_000) * 60_000;
}
