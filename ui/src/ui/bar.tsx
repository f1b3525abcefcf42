import { percent } from "@/i18n/format";
import { cx } from "./cx";

const fills = {
  accent: "bg-accent",
  ok: "bg-ok-fill",
  watch: "bg-watch-fill",
  degraded: "bg-degraded-fill",
  critical: "bg-critical-fill",
  idle: "bg-idle-fill",
} as const;

/** A share from 0 to 1 as a bar. Decoration: the number stands beside it. */
export function Bar({
  value,
  tone = "idle",
  className,
}: {
  value: number;
  tone?: keyof typeof fills;
  className?: string;
}) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        "bar-track block h-1 w-13 flex-none overflow-hidden rounded-[2px] bg-muted forced-colors:h-1.5",
        className,
      )}
    >
      <span
        className={cx("bar-fill block h-full rounded-[2px]", fills[tone])}
        style={{ width: `${Math.round(Math.min(1, Math.max(0, value)) * 100)}%` }}
      />
    </span>
  );
}

/** How sure the engine is: bar and number. */
export function Confidence({ value }: { value: number }) {
  return (
    <span className="inline-flex items-baseline gap-2">
      <Bar value={value} tone={value >= 0.75 ? "accent" : "idle"} className="w-10 self-center" />
      <span className="num min-w-8 text-right text-meta text-fg-3">{percent(value)}</span>
    </span>
  );
}

/** Progress of a task, with its role and value. */
export function Progress({ value, label }: { value: number; label: string }) {
  const now = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={now}
      aria-valuemin={0}
      aria-valuemax={100}
      className="bar-track h-[5px] overflow-hidden rounded-[3px] bg-muted forced-colors:h-2"
    >
      <div className="bar-fill h-full rounded-[3px] bg-accent" style={{ width: `${now}%` }} />
    </div>
  );
}
