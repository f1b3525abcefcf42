import { cx } from "./cx";

/**
 * Values as a small line with a dot at its end; null is a gap that the line bridges. Says its range in words
 * for screen readers. The ground is zero, or the lowest value with `low`.
 */
export function Spark({
  values,
  label,
  width = 72,
  height = 20,
  target,
  low = false,
  className = "text-fg-3",
}: {
  values: (number | null)[];
  label: string;
  width?: number;
  height?: number;
  target?: number;
  low?: boolean;
  className?: string;
}) {
  const points = values.flatMap((v, i) => (v === null ? [] : [{ v, i }]));
  const last = points.at(-1);
  if (points.length < 2 || !last) return null;
  const all = points.map((p) => p.v);
  const ground = low ? Math.min(...all) : 0;
  // A target far above the line would press it flat; then it is not drawn.
  const reach = Math.max(...all);
  const shown = target !== undefined && target <= reach * 2 ? target : undefined;
  const span = Math.max(reach, shown ?? 0) - ground || 1;
  const x = (i: number) => 2 + (i * (width - 6)) / (values.length - 1);
  const y = (v: number) => height - 3 - ((v - ground) / span) * (height - 6);
  const line = points.map((p, k) => `${k ? "L" : "M"}${x(p.i).toFixed(1)} ${y(p.v).toFixed(1)}`).join("");
  return (
    <svg width={width} height={height} role="img" aria-label={label} className={cx("flex-none", className)}>
      {shown === undefined ? null : (
        <line
          x1="2"
          x2={width - 2}
          y1={y(shown)}
          y2={y(shown)}
          stroke="var(--line-strong)"
          strokeDasharray="2 2"
        />
      )}
      <path d={line} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" />
      <circle cx={x(last.i)} cy={y(last.v)} r="2" fill="currentColor" />
    </svg>
  );
}
