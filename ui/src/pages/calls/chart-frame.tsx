import type { ReactNode } from "react";
import { clock, clockTo, dayName } from "@/i18n/format";
import { useZone } from "@/ui/time";
import { timeTicks } from "./scale";

/** Title, reading, axes: what both charts of the page have around their cells. */
export function ChartFrame({
  title,
  reading,
  from,
  to,
  left,
  children,
}: {
  title: string;
  /** What is pointed at, in words. */
  reading: string | undefined;
  from: number;
  to: number;
  left: ReactNode;
  children: ReactNode;
}) {
  return (
    <figure className="m-0 min-w-0 rounded-3 border border-line bg-surface px-3 pt-1.5 pb-1">
      <figcaption className="flex min-w-0 items-baseline gap-2">
        <span className="text-dense font-semibold">{title}</span>
        <span aria-live="polite" className="num ml-auto min-w-0 truncate text-meta text-fg-2">
          {reading}
        </span>
      </figcaption>
      <div className="grid grid-cols-[36px_minmax(0,1fr)] gap-x-2 pt-1">
        <div aria-hidden="true" className="num relative text-axis text-fg-3">
          {left}
        </div>
        {children}
        <TimeAxis from={from} to={to} />
      </div>
    </figure>
  );
}

function TimeAxis({ from, to }: { from: number; to: number }) {
  const zone = useZone();
  const label = (at: number, step: number) => {
    if (step < 60_000) return clockTo("second", at, zone);
    const time = clock(new Date(at).toISOString(), zone);
    return step >= 86_400_000 || time === "00:00" ? dayName(at, zone, true) : time;
  };
  // A label that the edge would cut says the wrong time.
  const ticks = timeTicks(from, to, 6).filter((tick) => tick.x > 0.03 && tick.x < 0.97);
  return (
    <div aria-hidden="true" className="num relative col-start-2 h-4 overflow-hidden text-axis text-fg-3">
      {ticks.map((tick) => (
        <span
          key={tick.at}
          className="absolute top-0.5 -translate-x-1/2 whitespace-nowrap"
          style={{ left: `${tick.x * 100}%` }}
        >
          {label(tick.at, tick.step)}
        </span>
      ))}
    </div>
  );
}
