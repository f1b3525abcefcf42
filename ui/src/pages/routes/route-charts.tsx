import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { type RouteRange, routeRanges, routeTrafficQuery } from "@/api/gateway";
import { t } from "@/i18n";
import { decimal, validZone } from "@/i18n/format";
import { useZone } from "@/ui/time";
import { ms } from "../gateway/figures";

const TimeSeries = lazy(() => import("@/ui/time-series"));

/** A route over time: how long calls take, and how many there are and fail. Both cursors move together. */
export function RouteCharts({ of }: { of: { api: string; version?: string; route: string } }) {
  const [range, setRange] = useState<RouteRange>("1h");
  const { data } = useQuery(routeTrafficQuery(of, range));
  const zone = validZone(useZone());
  const charts = useMemo(() => {
    if (!data) return undefined;
    const points = Math.max(0, ...Object.values(data.series).map((s) => s?.length ?? 0));
    const from = Date.parse(data.from) / 1000;
    const values = (name: string) => data.series[name] ?? [];
    return {
      x: Array.from({ length: points }, (_, i) => from + (i * data.step_ms) / 1000),
      latency: [
        { label: "p95", values: values("p95_ms"), color: "--s1" },
        { label: "p50", values: values("p50_ms"), color: "--s2" },
      ],
      rate: [
        { label: t("routes.rate"), values: values("rate"), color: "--s1", fill: true },
        { label: "5xx", values: values("5xx"), color: "--critical-fill" },
      ],
    };
  }, [data]);
  return (
    <section className="grid grid-cols-1 gap-1">
      <header className="flex items-center gap-2">
        <h3 className="text-body font-semibold">{t("routes.charts")}</h3>
        <span className="min-w-0 flex-1 truncate text-meta text-fg-3">{t("routes.chartsNote")}</span>
        <fieldset className="inline-flex overflow-hidden rounded-2 border border-line text-meta">
          <legend className="sr-only">{t("chart.range")}</legend>
          {routeRanges.map((r) => (
            <button
              key={r}
              type="button"
              aria-pressed={r === range}
              onClick={() => setRange(r)}
              className="state h-6 px-2 text-fg-2 hover:bg-hover focus-visible:-outline-offset-2 aria-pressed:bg-muted aria-pressed:font-550 aria-pressed:text-fg pointer-coarse:h-10"
            >
              {t(`routes.range.${r}`)}
            </button>
          ))}
        </fieldset>
      </header>
      {charts && charts.x.length > 1 ? (
        <Suspense fallback={<div style={{ height: 228 }} />}>
          <TimeSeries
            x={charts.x}
            lines={charts.latency}
            height={120}
            bare
            zone={zone}
            daily={false}
            group="route"
            format={ms}
            spoken={t("routes.latencySpoken")}
          />
          <TimeSeries
            x={charts.x}
            lines={charts.rate}
            height={108}
            zone={zone}
            daily={false}
            group="route"
            format={(v) => decimal(v, v < 10 ? 1 : 0)}
            spoken={t("routes.rateSpoken")}
          />
        </Suspense>
      ) : (
        <p className="py-6 text-center text-fg-3">{t("routes.noSeries")}</p>
      )}
    </section>
  );
}
