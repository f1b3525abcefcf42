import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { History, Monitor } from "lucide-react";
import { type CentreSearch, defaultRange, pulseQuery } from "@/api/pulse";
import type { Launch, Pulse } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { tidy } from "@/app/search";
import { useTitle } from "@/app/title";
import { locale, Trans, t } from "@/i18n";
import { number, validZone } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { useZone } from "@/ui/time";
import { Charts } from "./charts";
import { dayText } from "./day-text";
import { IssueRows } from "./issue-rows";
import { KpiCells } from "./kpi-cells";
import { LiveFeed } from "./live-feed";
import { Mix } from "./mix";
import { Ruler } from "./ruler";
import { useCentreActions } from "./use-centre-actions";
import { VerdictPanel } from "./verdict";
import { Wall } from "./wall";

const route = getRouteApi("/app/launches/$launchId/");

/** How the launch is: one sentence, every hour of it, the figures, what comes first, what happens. */
export default function Centre() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const pulse = useQuery({
    ...pulseQuery(launch.id, search),
    // Nobody touches a screen on the wall: it keeps itself fresh, seen or not.
    ...(search.tv && !search.at ? { refetchInterval: 15_000, refetchIntervalInBackground: true } : {}),
  });
  // The hours go on to now while the past is shown, so that one can go on from there.
  const present = useQuery({
    ...pulseQuery(launch.id, { range: search.range }),
    enabled: Boolean(search.at),
  });
  useTitle(t("nav.centre"));
  const change = (to: CentreSearch) =>
    void navigate({ search: (s) => tidy({ ...s, ...to }), replace: to.range !== undefined });
  useCentreActions(search, change);
  if (search.tv && pulse.data) {
    return (
      <Wall launch={launch} pulse={pulse.data} search={search} onLeave={() => change({ tv: undefined })} />
    );
  }
  return (
    <Page
      title={launch.name}
      note={pulse.data ? dayText(pulse.data, launch) : null}
      aside={pulse.data ? <Totals totals={pulse.data.totals} /> : null}
      actions={
        <Button
          icon={Monitor}
          onClick={() => change({ tv: "1" })}
          title={t("tv.enter")}
          className="max-sm:hidden"
        >
          {t("tv.button")}
        </Button>
      }
    >
      {search.at ? <ReplayBar at={search.at} onBack={() => change({ at: undefined })} /> : null}
      {pulse.error ? <Failure error={pulse.error} onRetry={() => void pulse.refetch()} /> : null}
      {pulse.isPending ? <Skeleton rows={8} /> : null}
      {pulse.data ? (
        <Parts
          launch={launch}
          pulse={pulse.data}
          ruler={present.data?.ruler}
          search={search}
          change={change}
        />
      ) : null}
    </Page>
  );
}

function Parts({
  launch,
  pulse,
  ruler,
  search,
  change,
}: {
  launch: Launch;
  pulse: Pulse;
  /** Up to now, when the rest is of the past. */
  ruler: Pulse["ruler"] | undefined;
  search: CentreSearch;
  change: (to: CentreSearch) => void;
}) {
  if (
    pulse.live &&
    pulse.totals.reports === 0 &&
    pulse.totals.issues_open + pulse.totals.issues_closed === 0
  ) {
    return (
      <Empty
        title={t("centre.emptyTitle")}
        action={
          <Link
            to="/launches/$launchId/send"
            params={{ launchId: launch.id }}
            className={buttonClass("primary")}
          >
            {t("send.title")}
          </Link>
        }
      >
        <p>{t("centre.emptyText")}</p>
      </Empty>
    );
  }
  const range = search.range ?? defaultRange;
  return (
    <>
      <Ruler
        id="hours"
        ruler={(search.at && ruler) || pulse.ruler}
        at={search.at}
        onReplay={(at) => change({ at })}
      />
      <div className="grid flex-none overflow-hidden rounded-3 border border-line bg-surface lg:grid-cols-[292px_minmax(0,1fr)]">
        <VerdictPanel verdict={pulse.verdict} />
        <KpiCells kpis={pulse.kpis} />
      </div>
      <div className="grid flex-1 grid-cols-1 gap-3 lg:grid-cols-[minmax(0,1fr)_340px]">
        <div className="flex min-w-0 flex-col gap-3 max-lg:contents">
          <div className="max-sm:order-3">
            <Charts pulse={pulse} range={range} onRange={(r) => change({ range: r })} />
          </div>
          <div className="max-sm:order-1">
            <IssueRows pulse={pulse} count={6} />
          </div>
        </div>
        <div className="flex min-w-0 flex-col gap-3 max-lg:contents">
          <div className="max-sm:order-4">
            <Mix mix={pulse.mix} note={t(`chart.${range}`)} />
          </div>
          <div className="flex min-h-[300px] flex-1 flex-col max-sm:order-2">
            <LiveFeed launchId={launch.id} search={search} onSource={(source) => change({ source })} />
          </div>
        </div>
      </div>
    </>
  );
}

/** Counts over all time, at the end of the title line. */
function Totals({ totals }: { totals: Pulse["totals"] }) {
  const one = (k: "centre.reports" | "centre.closed" | "centre.open", count: number) => (
    <span>
      <Trans k={k} values={{ count, n: <b className="font-semibold text-fg">{number(count)}</b> }} />
    </span>
  );
  return (
    <p className="num ml-auto flex flex-wrap gap-x-4 pb-0.5 text-fg-2">
      {one("centre.reports", totals.reports)}
      {one("centre.closed", totals.issues_closed)}
      {one("centre.open", totals.issues_open)}
    </p>
  );
}

/** Says that this is not now, and leads back. */
function ReplayBar({ at, onBack }: { at: string; onBack: () => void }) {
  const zone = validZone(useZone());
  const time = new Intl.DateTimeFormat(locale(), {
    timeZone: zone,
    weekday: "long",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(Date.parse(at));
  return (
    <div
      role="status"
      className="forced-edge flex flex-wrap items-center gap-x-3 gap-y-1 rounded-3 bg-accent-soft px-3 py-1.5"
    >
      <Icon of={History} size={15} className="text-accent-text" />
      <strong className="font-semibold text-accent-text">{t("replay.showing", { time })}</strong>
      <span className="text-fg-2">{t("replay.note")}</span>
      <Button size="sm" keys="escape" onClick={onBack} className="ml-auto">
        {t("replay.back")}
      </Button>
    </div>
  );
}
