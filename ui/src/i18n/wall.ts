/** Wall times: what a clock on the wall of some zone shows. Pure; knows all of Intl's zones and their changes. */

export interface Wall {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const hourMs = 3_600_000;
const memo = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string | undefined): Intl.DateTimeFormat {
  const key = zone ?? "";
  let f = memo.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    memo.set(key, f);
  }
  return f;
}

/** What the clock shows at an instant; the reader's own when no zone is named. */
export function wallOf(at: number, zone: string | undefined): Wall {
  const part: Record<string, number> = {};
  for (const p of clockOf(zone).formatToParts(at)) part[p.type] = Number(p.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
  return { year, month, day, hour, minute };
}

/** The wall time as if it were UTC: for counting, never an instant. */
const flat = (w: Wall): number => Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute);

/** How far the clock is ahead of UTC at an instant, in ms, to the minute. */
export function offsetAt(at: number, zone: string | undefined): number {
  return flat(wallOf(at, zone)) - Math.floor(at / 60_000) * 60_000;
}

/**
 * The instant at which the clock shows this. What it shows twice (the hour that is turned back) is the first
 * time; what it never shows (the hour that is skipped) is as long after the change as it would have been.
 */
export function instantOf(wall: Wall, zone: string | undefined): number {
  const want = flat(wall);
  const offsets = [offsetAt(want - 26 * hourMs, zone), offsetAt(want + 26 * hourMs, zone)];
  const fits = offsets.map((o) => want - o).filter((t) => flat(wallOf(t, zone)) === want);
  return fits.length ? Math.min(...fits) : want - (offsets[0] as number);
}

/** The same wall time some days on. Days may be more or fewer than 24 hours. */
export function plusDays(wall: Wall, days: number): Wall {
  const d = new Date(Date.UTC(wall.year, wall.month - 1, wall.day + days));
  return { ...wall, year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() };
}

/** 0 is Sunday. */
export const weekdayOf = (w: Wall): number => new Date(flat(w)).getUTCDay();
