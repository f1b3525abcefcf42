import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { locale, t } from "@/i18n";
import { dayName } from "@/i18n/format";

/** A line of a chart. `color` is a token such as "--s1". */
export interface Line {
  label: string;
  values: (number | null)[];
  color: string;
  fill?: boolean;
}

export interface TimeSeriesProps {
  /** Start of each step, seconds. */
  x: number[];
  lines: Line[];
  /** What is usual: drawn as a shade behind the lines. */
  band?: { low: (number | null)[]; high: (number | null)[]; label: string };
  height: number;
  zone: string | undefined;
  /** Steps of a day or more: the axis says dates, not hours. */
  daily: boolean;
  format: (v: number) => string;
  /** The chart in one sentence, and what its table is called. */
  spoken: string;
  /** Charts of a group move their cursors together. */
  group?: string;
  /** No axis of time: it stands under the chart below. */
  bare?: boolean;
  max?: number;
}

const css = (token: string) => getComputedStyle(document.documentElement).getPropertyValue(token).trim();
const axisFont = '450 10.5px "Geist Variable", system-ui, sans-serif';
const labelRoom = 106;

function clockOf(p: TimeSeriesProps) {
  const at = (o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale(), { timeZone: p.zone, ...o });
  const hour = at({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = (s: number) => dayName(s * 1000, p.zone, true);
  const full = at({
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const midnight = (s: number) => hour.format(s * 1000) === "00:00";
  return {
    axis: (s: number) => (p.daily || midnight(s) ? day(s) : hour.format(s * 1000)),
    full: (s: number) => (p.daily ? day(s) : full.format(s * 1000)),
  };
}

/** Tokens are read at every drawing, so that a change of the theme needs only a redraw. */
function optionsOf(p: TimeSeriesProps, width: number, hooks: uPlot.Hooks.Arrays): uPlot.Options {
  const clock = clockOf(p);
  const axis = (): uPlot.Axis => ({
    stroke: () => css("--fg-3"),
    font: axisFont,
    grid: { stroke: () => css("--line"), width: 1 },
    ticks: { show: false },
  });
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };
  const opts: uPlot.Options = {
    width,
    height: p.height,
    legend: { show: false },
    padding: [8, labelRoom, p.bare ? 4 : 0, 0],
    tzDate: (s) => (p.zone ? uPlot.tzDate(new Date(s * 1000), p.zone) : new Date(s * 1000)),
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      ...(p.group ? { sync: { key: p.group } } : {}),
    },
    scales: { x: { time: true }, y: { range: (_u, _lo, hi) => [0, p.max ?? Math.max(4, hi * 1.08)] } },
    axes: [
      {
        ...axis(),
        grid: { show: false },
        size: p.bare ? 0 : 24,
        show: !p.bare,
        space: 90,
        values: (_u, splits) => splits.map(clock.axis),
      },
      {
        ...axis(),
        size: 40,
        gap: 6,
        space: p.height < 100 ? 24 : 34,
        values: (_u, splits) => splits.map(p.format),
      },
    ],
    series: [
      {},
      ...(p.band ? [edge, edge] : []),
      ...p.lines.map(
        (l): uPlot.Series => ({
          stroke: () => css(l.color),
          width: 1.6,
          points: { show: false },
          spanGaps: true,
          ...(l.fill ? { fill: () => `color-mix(in srgb, ${css(l.color)} 12%, transparent)` } : {}),
        }),
      ),
    ],
    hooks,
  };
  // The upper edge comes first: a band is filled from it down to the lower one.
  return p.band ? { ...opts, bands: [{ series: [1, 2], fill: () => css("--accent-soft") }] } : opts;
}

const dataOf = (p: Pick<TimeSeriesProps, "x" | "lines" | "band">): uPlot.AlignedData =>
  [p.x, ...(p.band ? [p.band.high, p.band.low] : []), ...p.lines.map((l) => l.values)] as uPlot.AlignedData;

/** Puts the name of each line at its end, apart from its neighbours. */
function placeLabels(u: uPlot, root: HTMLElement, p: TimeSeriesProps): void {
  const first = p.band ? 3 : 1;
  const ends = p.lines.map((l, k) => {
    const values = u.data[first + k] as (number | null)[];
    const at = values.findLastIndex((v) => v !== null);
    const v = values[at] ?? 0;
    return { l, k, v, y: u.valToPos(v, "y"), x: u.valToPos(p.x[at] ?? 0, "x"), none: at < 0 };
  });
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  sorted.forEach((e, i) => {
    const above = sorted[i - 1];
    if (above) e.y = Math.max(e.y, above.y + 15);
  });
  for (const e of ends) {
    const label = root.children[e.k] as HTMLElement | undefined;
    if (!label) continue;
    label.hidden = e.none;
    label.textContent = `${e.l.label} ${p.format(e.v)}`;
    label.style.color = `var(${e.l.color})`;
    label.style.translate = `${Math.round(u.over.offsetLeft + e.x + 8)}px ${Math.round(u.over.offsetTop + e.y - 8)}px`;
  }
}

/** What the cursor is on, in words. */
function reading(p: TimeSeriesProps, i: number | null | undefined): string {
  const s = i === null || i === undefined ? undefined : p.x[i];
  if (s === undefined || i === null || i === undefined) return "";
  const parts = p.lines.map((l) => `${l.label} ${p.format(l.values[i] ?? 0)}`);
  const [low, high] = [p.band?.low[i], p.band?.high[i]];
  if (typeof low === "number" && typeof high === "number")
    parts.push(`${p.band?.label} ${p.format(low)}–${p.format(high)}`);
  return `${clockOf(p).full(s)} · ${parts.join(" · ")}`;
}

/** Lines over time. uPlot is made once; data, size and theme follow. */
export default function TimeSeries(p: TimeSeriesProps) {
  const box = useRef<HTMLDivElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const read = useRef<HTMLParagraphElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(p);
  latest.current = p;
  // What uPlot cannot change afterwards.
  const shape = JSON.stringify([
    p.lines.map((l) => l.color),
    Boolean(p.band),
    p.height,
    p.zone,
    p.daily,
    p.bare,
    p.max,
    p.group,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest is read when it is drawn
  useEffect(() => {
    const root = box.current;
    if (!root) return;
    const u = new uPlot(
      optionsOf(latest.current, root.clientWidth, {
        draw: [(self) => labels.current && placeLabels(self, labels.current, latest.current)],
        setCursor: [
          (self) => {
            if (read.current) read.current.textContent = reading(latest.current, self.cursor.idx);
          },
        ],
      } as uPlot.Hooks.Arrays),
      dataOf(latest.current),
      root,
    );
    plot.current = u;
    const size = new ResizeObserver(() =>
      u.setSize({ width: root.clientWidth, height: latest.current.height }),
    );
    size.observe(root);
    const redraw = () => u.redraw(false);
    const theme = new MutationObserver(redraw);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    return () => {
      size.disconnect();
      theme.disconnect();
      dark.removeEventListener("change", redraw);
      u.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  const { x, lines, band } = p;
  useEffect(() => plot.current?.setData(dataOf({ x, lines, band })), [x, lines, band]);

  return (
    <figure className="relative m-0" style={{ height: p.height }}>
      <div ref={box} aria-hidden="true" />
      <div ref={labels} aria-hidden="true" className="pointer-events-none absolute inset-0 overflow-hidden">
        {p.lines.map((l) => (
          <span key={l.label} className="num absolute top-0 left-0 text-meta font-550 whitespace-nowrap" />
        ))}
      </div>
      <p
        ref={read}
        aria-hidden="true"
        className="num pointer-events-none absolute -top-1 left-11 rounded-1 bg-surface/85 px-1 text-meta text-fg-2 empty:hidden"
      />
      <figcaption className="sr-only">{p.spoken}</figcaption>
      <Table {...p} />
    </figure>
  );
}

function Table(p: TimeSeriesProps) {
  const clock = clockOf(p);
  const show = (v: number | null | undefined) => (typeof v === "number" ? p.format(v) : "–");
  return (
    <div className="sr-only">
      <table>
        <caption>{p.spoken}</caption>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {p.lines.map((l) => (
              <th key={l.label} scope="col">
                {l.label}
              </th>
            ))}
            {p.band ? <th scope="col">{t("chart.usualFrom")}</th> : null}
            {p.band ? <th scope="col">{t("chart.usualTo")}</th> : null}
          </tr>
        </thead>
        <tbody>
          {p.x.map((s, i) => (
            <tr key={s}>
              <th scope="row">{clock.full(s)}</th>
              {p.lines.map((l) => (
                <td key={l.label}>{show(l.values[i])}</td>
              ))}
              {p.band ? <td>{show(p.band.low[i])}</td> : null}
              {p.band ? <td>{show(p.band.high[i])}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
