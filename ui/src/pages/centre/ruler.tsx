import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Pulse } from "@/api/types";
import { locale, t, word } from "@/i18n";
import { dayName, validZone } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { useZone } from "@/ui/time";

type Hours = Pulse["ruler"]["hours"];

const fill: Record<string, string> = {
  ok: "fill-ok-fill opacity-45",
  watch: "fill-watch-fill",
  degraded: "fill-degraded-fill",
  critical: "fill-critical-fill",
};
/** What a bar has at least, by its state, of 26. */
const floor: Record<string, number> = { ok: 3, watch: 6, degraded: 8, critical: 12 };
const states = ["ok", "watch", "degraded", "critical"] as const;
const tall = 26;

/** The bars of one state as one path: a launch has hundreds of hours. */
function pathOf(hours: Hours, state: string, most: number, from: number, to: number): string {
  return hours
    .map((h, i) => {
      if (h.state !== state || i < from || i >= to) return "";
      const height = Math.max(floor[h.state] ?? 3, Math.sqrt(h.arrived / most) * tall);
      return `M${i + 0.1} ${tall}v${-height.toFixed(1)}h.8V${tall}Z`;
    })
    .join("");
}

function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(1190);
  useEffect(() => {
    if (!box.current) return;
    const size = new ResizeObserver(([e]) => e && setWidth(e.contentRect.width));
    size.observe(box.current);
    return () => size.disconnect();
  }, [box]);
  return width;
}

/** One bar an hour over the whole launch: what came, how bad it was, where now is. An hour can be replayed. */
export function Ruler({
  ruler,
  at,
  onReplay,
  id,
}: {
  ruler: Pulse["ruler"];
  /** The moment that is shown; undefined: now. */
  at: string | undefined;
  onReplay?: (at: string) => void;
  id?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const zone = validZone(useZone());
  const from = Date.parse(ruler.from);
  const step = ruler.step_seconds * 1000;
  const bars = Math.max(1, (Date.parse(ruler.to) - from) / step);
  const { hours } = ruler;
  const last = hours.length - 1;
  const [cursor, setCursor] = useState<number>();
  const bar = at ? (Date.parse(at) - from) / step : last + 1;
  const here = Math.min(cursor ?? Math.max(0, Math.ceil(bar) - 1), last);
  const shown = cursor === undefined ? undefined : here;
  const now = at ? bar : hours.length;
  const most = Math.max(1, ...hours.map((h) => h.arrived));
  const pct = (bar: number) => `${(Math.min(bar, bars) / bars) * 100}%`;

  const move = (to: number) => setCursor(Math.min(last, Math.max(0, to)));
  const replay = (i: number) => {
    // An hour is shown as it was at its end; the one under way is the present.
    if (i < last) onReplay?.(new Date(from + (i + 1) * step).toISOString().replace(".000Z", "Z"));
  };
  const aDay = Math.max(1, Math.round(86_400_000 / step));
  const onKey = (e: KeyboardEvent) => {
    const to: Record<string, number> = {
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      PageDown: here + aDay,
      PageUp: here - aDay,
      Home: 0,
      End: last,
    };
    const target = to[e.key];
    if (target !== undefined) move(target);
    else if (e.key === "Enter" || e.key === " ") replay(here);
    else return;
    e.preventDefault();
  };
  const barAt = (clientX: number) => {
    const r = box.current?.getBoundingClientRect();
    return r ? Math.floor(((clientX - r.left) / r.width) * bars) : 0;
  };
  const readout = readHour(ruler, here, zone);
  const slider = onReplay
    ? {
        role: "slider",
        tabIndex: 0,
        "aria-label": t("ruler.name"),
        "aria-describedby": "ruler-help",
        "aria-orientation": "horizontal" as const,
        "aria-valuemin": 0,
        "aria-valuemax": Math.max(0, last),
        "aria-valuenow": Math.max(0, here),
        "aria-valuetext": readout,
        onKeyDown: onKey,
        onBlur: () => setCursor(undefined),
        onPointerMove: (e: React.PointerEvent) => {
          const i = barAt(e.clientX);
          setCursor(i >= 0 && i <= last ? i : undefined);
        },
        onPointerLeave: () => setCursor(undefined),
        onClick: (e: React.MouseEvent) => replay(barAt(e.clientX)),
      }
    : { role: "img", "aria-label": t("ruler.name") };
  return (
    <div className="pt-4.5">
      <div
        ref={box}
        id={id}
        {...slider}
        className={cx("relative h-[46px] select-none", onReplay && "cursor-pointer")}
      >
        <Today ruler={ruler} bar={Math.min(now, bars) - 0.01} pct={pct} />
        <svg
          viewBox={`0 0 ${bars} ${tall}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          className="absolute inset-x-0 top-0 h-[26px] w-full overflow-visible"
        >
          {states.map((s) => (
            <path
              key={s}
              d={pathOf(hours, s, most, 0, now)}
              className={cx(fill[s], "forced-color-adjust-none")}
            />
          ))}
          {/* What came after the moment that is shown. */}
          <g opacity="0.3">
            {states.map((s) => (
              <path
                key={s}
                d={pathOf(hours, s, most, now, bars)}
                className={cx(fill[s], "forced-color-adjust-none")}
              />
            ))}
          </g>
        </svg>
        <div className="absolute inset-x-0 top-[26px] border-line-strong border-t" />
        {shown === undefined ? null : (
          <>
            <div
              className="pointer-events-none absolute -top-px h-[28px] rounded-[2px] bg-fg/18 outline outline-fg-2"
              style={{ left: pct(shown), width: `max(3px, ${100 / bars}%)` }}
            />
            <Readout text={readout} share={(shown + 0.5) / bars} width={width} />
          </>
        )}
        {now >= 0 && now <= bars ? (
          <div
            title={at ? undefined : t("ruler.now")}
            className="pointer-events-none absolute -top-1 h-[31px] w-[1.5px] bg-accent before:absolute before:-top-0.5 before:-left-[2.25px] before:size-1.5 before:rounded-full before:bg-accent"
            style={{ left: pct(now) }}
          />
        ) : null}
        <Days ruler={ruler} pct={pct} width={width} zone={zone} now={now} />
      </div>
      {onReplay ? (
        <p id="ruler-help" className="sr-only">
          {t("ruler.help")}
        </p>
      ) : null}
    </div>
  );
}

/** What an hour says, in words. */
export function readHour(ruler: Pulse["ruler"], i: number, zone: string | undefined): string {
  const h = ruler.hours[i];
  if (!h) return t("ruler.nothing");
  const start = Date.parse(ruler.from) + i * ruler.step_seconds * 1000;
  const format = (ms: number, o: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale(), {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      ...o,
    }).format(ms);
  return t("ruler.hour", {
    from: format(start, { weekday: "short", day: "numeric", month: "short" }),
    to: format(start + ruler.step_seconds * 1000, {}),
    reports: t("ruler.reports", { count: h.arrived }),
    triaged: t("ruler.triaged", { count: h.triaged }),
    worst: h.worst ? t("ruler.worst", { severity: word("severity", h.worst) }) : t("ruler.noWorst"),
  });
}

/** The words of the hour under the cursor, above it and within the page. */
function Readout({ text, share, width }: { text: string; share: number; width: number }) {
  const half = 150;
  const x = Math.min(Math.max(share * width, half), Math.max(half, width - half));
  return (
    <p
      aria-hidden="true"
      className="num pointer-events-none absolute -top-[19px] rounded-1 bg-fg px-1.5 text-meta font-medium whitespace-nowrap text-canvas"
      style={{ left: x, translate: "-50%" }}
    >
      {text}
    </p>
  );
}

/** A tint behind the day that is looked at. */
function Today({ ruler, bar, pct }: { ruler: Pulse["ruler"]; bar: number; pct: (bar: number) => string }) {
  const at = Date.parse(ruler.from) + bar * ruler.step_seconds * 1000;
  const edges = ruler.days.map((d) => Date.parse(d));
  const start = Math.max(Date.parse(ruler.from), edges.findLast((d) => d <= at) ?? 0);
  const end = edges.find((d) => d > at) ?? Date.parse(ruler.to);
  const place = (ms: number) => (ms - Date.parse(ruler.from)) / (ruler.step_seconds * 1000);
  return (
    <div
      className="absolute top-0 h-[26px] bg-accent-soft/75"
      style={{ left: pct(place(start)), width: `calc(${pct(place(end))} - ${pct(place(start))})` }}
    />
  );
}

/** The days below the line: their names, as many as fit. */
function Days({
  ruler,
  pct,
  width,
  zone,
  now,
}: {
  ruler: Pulse["ruler"];
  pct: (bar: number) => string;
  width: number;
  zone: string | undefined;
  now: number;
}) {
  const from = Date.parse(ruler.from);
  const place = (ms: number) => (ms - from) / (ruler.step_seconds * 1000);
  const starts = ruler.days.map((d) => Date.parse(d));
  if (starts[0] !== from) starts.unshift(from);
  const every = Math.max(1, Math.ceil(44 / (width / Math.max(1, starts.length))));
  const weekday = (ms: number) =>
    new Intl.DateTimeFormat("en", { timeZone: zone, weekday: "short" }).format(ms);
  return (
    <div aria-hidden="true">
      {starts.map((ms, i) => {
        const end = starts[i + 1] ?? Date.parse(ruler.to);
        const current = now > place(ms) && now <= place(end);
        const long = i === 0 || weekday(ms) === "Mon" || current;
        return (
          <span
            key={ms}
            className={cx(
              "num absolute top-[29px] grid h-[17px] border-line-strong text-center text-axis whitespace-nowrap",
              i > 0 &&
                "border-l-0 before:absolute before:-top-[3px] before:left-0 before:h-[3px] before:border-line-strong before:border-l",
              current ? "font-semibold text-accent-text" : "text-fg-3",
            )}
            style={{ left: pct(place(ms)), width: `calc(${pct(place(end))} - ${pct(place(ms))})` }}
          >
            <span className="justify-self-center">
              {current || i % every === 0 ? dayName(ms, zone, long) : ""}
            </span>
          </span>
        );
      })}
    </div>
  );
}
