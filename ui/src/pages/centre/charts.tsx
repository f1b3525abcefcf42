import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { type PulseRange, pulseRanges } from "@/api/pulse";
import type { Pulse } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { feedbackSearch } from "@/app/search";
import { type MessageKey, t } from "@/i18n";
import { decimal, number, percent, shortTime, validZone } from "@/i18n/format";
import { Panel } from "@/ui/panel";
import { useZone } from "@/ui/time";

const TimeSeries = lazy(() => import("@/ui/time-series"));

/** Both charts of the panel, as arrays. */
function columns(chart: Pulse["chart"]) {
  const { points } = chart;
  return {
    x: points.map((p) => Date.parse(p.at) / 1000),
    arrived: points.map((p) => p.arrived),
    triaged: points.map((p) => p.triaged),
    negative: points.map((p) => (p.negative === undefined ? null : p.negative * 100)),
    usual: points.some((p) => p.usual),
    low: points.map((p) => p.usual?.low ?? null),
    high: points.map((p) => p.usual?.high ?? null),
  };
}

const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);

/** What came against what was triaged, with what is usual; below it, how negative it was. */
export function Charts({
  pulse,
  range,
  onRange,
}: {
  pulse: Pulse;
  range: PulseRange;
  onRange: (range: PulseRange) => void;
}) {
  const zone = validZone(useZone());
  const { chart, totals } = pulse;
  const c = useMemo(() => columns(chart), [chart]);
  const lines = useMemo(
    () => [
      { label: t("chart.arrived"), values: c.arrived, color: "--s1", fill: true },
      { label: t("chart.triaged"), values: c.triaged, color: "--s2" },
    ],
    [c],
  );
  const mood = useMemo(() => [{ label: t("chart.share"), values: c.negative, color: "--s4" }], [c]);
  const band = useMemo(
    () => (c.usual ? { low: c.low, high: c.high, label: t("chart.usual") } : undefined),
    [c],
  );
  const at = c.arrived.indexOf(Math.max(...c.arrived));
  const spoken = t("chart.spoken", {
    arrived: sum(c.arrived),
    triaged: sum(c.triaged),
    most: c.arrived[at] ?? 0,
    time: shortTime(chart.points[at]?.at ?? pulse.at, zone),
  });
  const shares = c.negative.filter((v) => v !== null);
  const common = { x: c.x, zone, daily: chart.step === "day", group: "centre" };
  return (
    <Panel
      title={t("chart.title")}
      note={
        <>
          {t(`chart.note.${chart.step}` as MessageKey)}
          {c.usual ? `. ${t("chart.shaded")}` : ""}
          {chart.running
            ? `. ${t(`chart.running.${chart.step}` as MessageKey, { arrived: chart.running.arrived })}`
            : ""}
          {totals.before_launch ? (
            <>
              . <Earlier count={totals.before_launch} />
            </>
          ) : null}
        </>
      }
      actions={<RangeSwitch range={range} onRange={onRange} />}
    >
      <div className="px-2 pt-1 pb-1.5">
        {c.x.length ? (
          <Suspense fallback={<div style={{ height: 162 }} />}>
            <TimeSeries
              {...common}
              lines={lines}
              band={band}
              height={162}
              format={(v) => decimal(v, 0)}
              spoken={spoken}
            />
          </Suspense>
        ) : (
          <p className="px-2 py-8 text-center text-fg-3">{t("chart.empty")}</p>
        )}
      </div>
      {shares.length > 1 ? (
        <>
          <div className="flex items-baseline gap-2 border-line border-t px-3 pt-2 text-[12px]">
            <h3 className="font-semibold">{t("chart.negative")}</h3>
            <span className="text-fg-2">
              {t("chart.negativeNote", { hours: range === "6h" || range === "24h" ? 6 : 24 })}
            </span>
          </div>
          <div className="px-2 pb-1">
            <Suspense fallback={<div style={{ height: 66 }} />}>
              <TimeSeries
                {...common}
                lines={mood}
                height={66}
                max={100}
                format={(v) => `${number(Math.round(v))} %`}
                spoken={t("chart.negativeSpoken", {
                  low: percent(Math.min(...shares) / 100),
                  high: percent(Math.max(...shares) / 100),
                })}
              />
            </Suspense>
          </div>
        </>
      ) : null}
    </Panel>
  );
}

function RangeSwitch({ range, onRange }: { range: PulseRange; onRange: (range: PulseRange) => void }) {
  return (
    <fieldset className="inline-flex overflow-hidden rounded-2 border border-line text-meta">
      <legend className="sr-only">{t("chart.range")}</legend>
      {pulseRanges.map((r) => (
        <button
          key={r}
          type="button"
          aria-pressed={r === range}
          onClick={() => onRange(r)}
          className="state h-6 px-2 text-fg-2 hover:bg-hover focus-visible:-outline-offset-2 aria-pressed:bg-muted aria-pressed:font-550 aria-pressed:text-fg pointer-coarse:h-10"
        >
          {t(`chart.${r}`)}
        </button>
      ))}
    </fieldset>
  );
}

/** Reports that no hour of the launch can show. */
function Earlier({ count }: { count: number }) {
  const launch = useLaunch();
  return (
    <span>
      {t("chart.early", { count })}{" "}
      <Link
        to="/launches/$launchId/feedback"
        params={{ launchId: launch.id }}
        search={feedbackSearch({ tab: "all", to: launch.starts_at })}
        className="link"
      >
        {t("chart.seeEarly")}
      </Link>
    </span>
  );
}
