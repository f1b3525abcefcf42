import type { Launch, Pulse } from "@/api/types";
import { t } from "@/i18n";
import { date } from "@/i18n/format";

/** "Day 10 of 21. Until 30 Nov 2026.", or how long before or after. */
export function dayText(pulse: Pulse, launch: Launch): string {
  const { phase, day, days } = pulse.day;
  if (phase === "running") {
    return `${t("day.running", { day, days })} ${t("centre.until", { date: date(launch.ends_at, launch.time_zone) })}`;
  }
  if (phase === "before") return day === 0 ? t("day.beforeToday") : t("day.before", { count: day });
  return day === 0 ? t("day.afterToday") : t("day.after", { count: day });
}
