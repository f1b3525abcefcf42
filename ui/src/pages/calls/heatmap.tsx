import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { CallHeatmap } from "@/api/types";
import { t } from "@/i18n";
import { clockTo, number } from "@/i18n/format";
import { useZone } from "@/ui/time";
import { ChartFrame } from "./chart-frame";
import { latency } from "./format";
import { rowsOf, ticksOf, weight } from "./scale";
import { type Box, useBrush } from "./use-brush";

/** A part of the heatmap: times, and latencies in us; without a high end it is open. */
export interface Part {
  from: string;
  to: string;
  low: number;
  high: number | undefined;
}

/** Every call by time and latency: the fuller, the more. A box that is drawn around some is the new filter. */
export function Heatmap({ data, onPick }: { data: CallHeatmap; onPick: (part: Part) => void }) {
  const area = useRef<HTMLDivElement>(null);
  const zone = useZone();
  const { low, high } = useMemo(() => rowsOf(data), [data]);
  const rows = high - low + 1;
  const from = Date.parse(data.from);
  const step = data.step_us / 1000;
  const partOf = (b: Box): Part => {
    const top = high - b.y0 + 1;
    return {
      from: new Date(Math.round(from + step * b.x0)).toISOString(),
      to: new Date(Math.round(from + step * (b.x1 + 1))).toISOString(),
      low: data.bounds_us[high - b.y1] ?? 0,
      high: data.bounds_us[top],
    };
  };
  const brush = useBrush({ of: area, columns: data.columns, rows, onPick: (b) => onPick(partOf(b)) });
  const range = brush.box ?? (brush.at && { x0: brush.at.x, x1: brush.at.x, y0: brush.at.y, y1: brush.at.y });
  const part = range && partOf(range);
  const inside = range
    ? data.cells.filter(
        (c) => c.x >= range.x0 && c.x <= range.x1 && high - c.y >= range.y0 && high - c.y <= range.y1,
      )
    : [];
  const calls = inside.reduce((n, c) => n + c.count, 0);
  return (
    <ChartFrame
      title={t("calls.heatmap")}
      from={from}
      to={from + step * data.columns}
      reading={
        part
          ? t("calls.cellWords", {
              time: `${clockTo("second", part.from, zone)}–${clockTo("second", part.to, zone)}`,
              latency: latencies(part),
              count: calls,
            })
          : undefined
      }
      left={ticksOf(data.bounds_us, low, high).map((tick) => (
        <span
          key={tick.us}
          className="absolute right-0 translate-y-1/2 whitespace-nowrap"
          style={{ bottom: `${((tick.y - low) / rows) * 100}%` }}
        >
          {latency(tick.us)}
        </span>
      ))}
    >
      <div
        ref={area}
        role="application"
        aria-label={t("calls.heatmapLabel")}
        aria-roledescription={t("calls.chart")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a chart that is brushed by keys must be reachable (WCAG 2.1.1)
        tabIndex={0}
        className="relative h-22 cursor-crosshair touch-none border-line border-t border-b select-none"
        {...brush.props}
      >
        <Cells data={data} low={low} high={high} />
        {range ? (
          <span
            aria-hidden="true"
            className={
              brush.box ? "absolute border border-accent bg-accent/10" : "absolute border border-control"
            }
            style={{
              left: `${(range.x0 / data.columns) * 100}%`,
              width: `${((range.x1 - range.x0 + 1) / data.columns) * 100}%`,
              top: `${(range.y0 / rows) * 100}%`,
              height: `${((range.y1 - range.y0 + 1) / rows) * 100}%`,
            }}
          />
        ) : null}
        <Table data={data} />
      </div>
    </ChartFrame>
  );
}

const latencies = (p: Part): string =>
  p.high === undefined ? `≥ ${latency(p.low)}` : `${latency(p.low)}–${latency(p.high)}`;

/** One pixel for each cell, made large without smoothing: drawing rectangles takes a hundred times as long. */
function Cells({ data, low, high }: { data: CallHeatmap; low: number; high: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const rows = high - low + 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the page when it is drawn
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(data.columns, rows);
    const [usual, bad] = [colour("--s1"), colour("--critical-fill")];
    const most = Math.max(1, ...data.cells.map((c) => c.count));
    for (const c of data.cells) {
      const at = 4 * ((high - c.y) * data.columns + c.x);
      if (c.x >= data.columns || c.y < low || c.y > high) continue;
      image.data.set(c.errors * 2 >= c.count ? bad : usual, at);
      image.data[at + 3] = Math.round(255 * weight(c.count, most));
    }
    context.putImageData(image, 0, 0);
  }, [data, low, high, rows, theme]);
  return (
    <div aria-hidden="true" className="absolute inset-0">
      <canvas
        ref={canvas}
        width={data.columns}
        height={rows}
        className="absolute inset-0 h-full w-full [image-rendering:pixelated]"
      />
      <span
        className="absolute inset-0 [background-image:linear-gradient(to_right,var(--surface)_1px,transparent_1px),linear-gradient(to_bottom,var(--surface)_1px,transparent_1px)]"
        style={{ backgroundSize: `calc(100% / ${data.columns}) 100%, 100% calc(100% / ${rows})` }}
      />
    </div>
  );
}

/** A token's colour as bytes; tokens are written as #RRGGBB. */
function colour(token: string): [number, number, number, number] {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255, 255];
}

/** Counts changes of the theme, by hand or by the system. */
function useTheme(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const again = () => setChanges((n) => n + 1);
    const watch = new MutationObserver(again);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    return () => {
      watch.disconnect();
      dark.removeEventListener("change", again);
    };
  }, []);
  return changes;
}

/** The same by latency alone, for those who don't see it. */
function Table({ data }: { data: CallHeatmap }) {
  const rows = useMemo(() => {
    const sums = new Map<number, [number, number]>();
    for (const c of data.cells) {
      const [n, bad] = sums.get(c.y) ?? [0, 0];
      sums.set(c.y, [n + c.count, bad + c.errors]);
    }
    return [...sums].sort((a, b) => b[0] - a[0]);
  }, [data]);
  return (
    <div className="sr-only">
      <table>
        <caption>{t("calls.heatmap")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("calls.latency")}</th>
            <th scope="col">{t("figure.calls")}</th>
            <th scope="col">{t("figure.errors")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([y, [count, errors]]) => (
            <tr key={y}>
              <th scope="row">
                <code>
                  {latencies({ from: "", to: "", low: data.bounds_us[y] ?? 0, high: data.bounds_us[y + 1] })}
                </code>
              </th>
              <td>{number(count)}</td>
              <td>{number(errors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
