import { useRef } from "react";
import type { CallHistogram } from "@/api/types";
import { t } from "@/i18n";
import { clockTo, compact, number } from "@/i18n/format";
import { useZone } from "@/ui/time";
import { ChartFrame } from "./chart-frame";
import { roundUp } from "./scale";
import { useBrush } from "./use-brush";

type Bar = CallHistogram["bars"][number];
const classes = [
  { of: (b: Bar) => b["5xx"], fill: "fill-critical-fill" },
  { of: (b: Bar) => b["4xx"] + b.other, fill: "fill-watch-fill" },
  { of: (b: Bar) => b["2xx"] + b["3xx"] + b["1xx"], fill: "fill-s1" },
] as const;
const sum = (b: Bar): number => classes.reduce((n, c) => n + c.of(b), 0);

/** Calls over time, stacked: good ones, those the caller got wrong, those that failed. A brush is the new range. */
export function Histogram({
  data,
  onPick,
}: {
  data: CallHistogram;
  onPick: (from: string, to: string) => void;
}) {
  const area = useRef<HTMLDivElement>(null);
  const zone = useZone();
  const bars = data.bars;
  const from = Date.parse(data.from);
  const step = data.step_us / 1000;
  const end = from + step * bars.length;
  const top = roundUp(Math.max(1, ...bars.map(sum)));
  const start = (i: number) => new Date(Math.round(from + step * i)).toISOString();
  const brush = useBrush({
    of: area,
    columns: bars.length,
    rows: 1,
    onPick: (b) => onPick(start(b.x0), start(b.x1 + 1)),
  });
  const spanOf = (a: number, b: number) =>
    `${clockTo("second", start(a), zone)}–${clockTo("second", start(b + 1), zone)}`;
  const { box, at } = brush;
  const range = box ?? (at ? { x0: at.x, x1: at.x } : undefined);
  const chosen = range ? bars.slice(range.x0, range.x1 + 1) : [];
  const count = (of: (b: Bar) => number) => chosen.reduce((n, b) => n + of(b), 0);
  const words = (list: Bar[]) => ({
    count: list.reduce((n, b) => n + sum(b), 0),
    bad: number(list.reduce((n, b) => n + classes[0].of(b), 0)),
    wrong: number(list.reduce((n, b) => n + classes[1].of(b), 0)),
  });
  return (
    <ChartFrame
      title={t("calls.histogram")}
      from={from}
      to={end}
      reading={
        range
          ? `${spanOf(range.x0, range.x1)} · ${t("calls.barWords", { count: count(sum), bad: number(count(classes[0].of)), wrong: number(count(classes[1].of)) })}`
          : t("calls.barWords", words(bars))
      }
      left={
        <>
          <span className="absolute top-0 right-0 leading-3">{compact(top)}</span>
          <span className="absolute right-0 bottom-0 leading-3">0</span>
        </>
      }
    >
      <div
        ref={area}
        role="application"
        aria-label={t("calls.histogramLabel")}
        aria-roledescription={t("calls.chart")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a chart that is brushed by keys must be reachable (WCAG 2.1.1)
        tabIndex={0}
        className="relative h-22 cursor-crosshair touch-pan-y border-line border-t border-b select-none"
        {...brush.props}
      >
        <svg
          viewBox={`0 0 ${bars.length} ${top}`}
          preserveAspectRatio="none"
          className="absolute inset-0 h-full w-full"
          aria-hidden="true"
        >
          {bars.map((b, i) => {
            let y = top;
            return classes.map(({ of, fill }) => {
              const n = of(b);
              if (n === 0) return null;
              y -= n;
              // A single failure among thousands must be seen: a bar is at least a hair high.
              const height = Math.max(n, top / 88);
              return (
                <rect
                  key={`${b.at} ${fill}`}
                  x={i + 0.1}
                  y={y + n - height}
                  width={0.8}
                  height={height}
                  className={fill}
                />
              );
            });
          })}
        </svg>
        {range ? (
          <span
            aria-hidden="true"
            className={
              box ? "absolute inset-y-0 border-accent border-x bg-accent/15" : "absolute inset-y-0 bg-fg/8"
            }
            style={{
              left: `${(range.x0 / bars.length) * 100}%`,
              width: `${((range.x1 - range.x0 + 1) / bars.length) * 100}%`,
            }}
          />
        ) : null}
        <Table bars={bars} zone={zone} />
      </div>
    </ChartFrame>
  );
}

function Table({ bars, zone }: { bars: Bar[]; zone: string | undefined }) {
  return (
    <div className="sr-only">
      <table>
        <caption>{t("calls.histogram")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            <th scope="col">{t("calls.good")}</th>
            <th scope="col">
              <code>4xx</code>
            </th>
            <th scope="col">
              <code>5xx</code>
            </th>
          </tr>
        </thead>
        <tbody>
          {bars
            .filter((b) => sum(b) > 0)
            .map((b) => (
              <tr key={b.at}>
                <th scope="row">
                  <time dateTime={b.at}>{clockTo("second", b.at, zone)}</time>
                </th>
                <td>{number(classes[2].of(b))}</td>
                <td>{number(classes[1].of(b))}</td>
                <td>{number(classes[0].of(b))}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
