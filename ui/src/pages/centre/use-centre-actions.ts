import { CalendarClock, Monitor, Timer, Undo2 } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import { type CentreSearch, defaultRange, type PulseRange, pulseRanges } from "@/api/pulse";
import { t } from "@/i18n";

/** What can be done on the command centre, for keys, palette and hint bar. */
export function useCentreActions(search: CentreSearch, change: (to: CentreSearch) => void): void {
  const range = search.range ?? defaultRange;
  const step = (by: number) => {
    const rows = document.querySelectorAll<HTMLElement>("[data-centre-row]");
    const at = [...rows].indexOf(document.activeElement as HTMLElement);
    rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  };
  useActions([
    {
      id: "centre.now",
      keys: ["escape"],
      scope: "list",
      label: search.tv ? t("tv.leave") : t("replay.back"),
      hint: t("hint.now"),
      icon: Undo2,
      when: () => search.at !== undefined || search.tv !== undefined,
      run: () => change(search.tv ? { tv: undefined } : { at: undefined }),
    },
    {
      id: "centre.ruler",
      keys: ["h"],
      scope: "list",
      label: t("centre.toRuler"),
      hint: t("hint.ruler"),
      icon: CalendarClock,
      when: () => !search.tv,
      run: () => document.getElementById("hours")?.focus(),
    },
    {
      id: "centre.range",
      keys: ["r"],
      scope: "list",
      label: t("centre.nextRange"),
      hint: t("hint.range"),
      icon: Timer,
      when: () => !search.tv,
      run: () =>
        change({ range: pulseRanges[(pulseRanges.indexOf(range) + 1) % pulseRanges.length] as PulseRange }),
    },
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      keysOnly: true,
      when: () => !search.tv,
      run: () => step(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      keysOnly: true,
      when: () => !search.tv,
      run: () => step(-1),
    },
    {
      id: "centre.tv",
      keys: ["t v"],
      scope: "list",
      label: t(search.tv ? "tv.leave" : "tv.enter"),
      icon: Monitor,
      run: () => change({ tv: search.tv ? undefined : "1" }),
    },
  ]);
}
