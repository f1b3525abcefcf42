import { useInfiniteQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { activityQuery, type CentreSearch } from "@/api/pulse";
import type { Launch, Pulse } from "@/api/types";
import { LiveDot } from "@/app/live";
import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Time } from "@/ui/time";
import { dayText } from "./day-text";
import { WallIssues } from "./issue-rows";
import { KpiCells } from "./kpi-cells";
import { FeedRow } from "./live-feed";
import { Ruler } from "./ruler";
import { VerdictPanel } from "./verdict";

/** The war room: no navigation, read at five metres, fresh by itself. */
export function Wall({
  launch,
  pulse,
  search,
  onLeave,
}: {
  launch: Launch;
  pulse: Pulse;
  search: CentreSearch;
  onLeave: () => void;
}) {
  const feed = useInfiniteQuery({ ...activityQuery(launch.id, search), refetchInterval: 30_000 });
  const lines = feed.data?.pages[0]?.items ?? [];
  return (
    <main className="flex min-h-full flex-col gap-6 overflow-auto px-10 py-7">
      <header className="flex items-center gap-5 text-[26px] leading-9">
        <h1 className="font-semibold tracking-[-0.014em]">{launch.name}</h1>
        <p className="text-fg-2">{dayText(pulse, launch)}</p>
        <span className="flex-1" />
        <span className="scale-150">
          <LiveDot />
        </span>
        <Time at={pulse.at} className="num text-[34px] font-550" />
        <IconButton label={t("tv.leave")} icon={X} size={20} onClick={onLeave} />
      </header>
      <VerdictPanel verdict={pulse.verdict} wall />
      <div className="origin-left [&_.text-axis]:text-[13px]">
        <Ruler ruler={pulse.ruler} at={search.at} />
      </div>
      <KpiCells kpis={pulse.kpis} wall />
      <div className="grid min-h-0 flex-1 gap-10 lg:grid-cols-2">
        <section aria-labelledby="wall-issues" className="min-w-0">
          <h2 id="wall-issues" className="pb-2 text-[22px] leading-8 font-semibold">
            {t("centre.issues")}
          </h2>
          <WallIssues issues={pulse.issues.slice(0, 5)} />
        </section>
        <section aria-labelledby="wall-feed" className="min-w-0">
          <h2 id="wall-feed" className="pb-2 text-[22px] leading-8 font-semibold">
            {t("feed.title")}
          </h2>
          <ol>
            {lines.slice(0, 6).map((h) => (
              <FeedRow key={h.id} h={h} fresh={false} wall />
            ))}
          </ol>
        </section>
      </div>
    </main>
  );
}
