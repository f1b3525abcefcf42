import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { traceQuery } from "@/api/calls";
import type { Call } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { latency, stateOfStatus } from "./format";

const bars = {
  ok: "bg-s1",
  watch: "bg-watch-fill",
  critical: "bg-critical-fill",
  idle: "bg-idle-fill",
} as const;

/** The calls of the same trace on one axis of time: what was called on the way, and how they overlap. */
export function Trace({ call }: { call: Call }) {
  const { data } = useQuery({
    ...traceQuery(call.trace ?? "", call.at),
    enabled: call.trace !== undefined,
  });
  if (!data || data.length < 2) return <p className="text-fg-3">{t("trace.alone")}</p>;
  const start = Math.min(...data.map((c) => Date.parse(c.at)));
  const end = Math.max(...data.map((c) => Date.parse(c.at) + (c.latency_us ?? 0) / 1000), start + 0.001);
  const share = (v: number) => (v / (end - start)) * 100;
  return (
    <ol className="grid">
      {data.slice(0, 50).map((c) => {
        const from = Date.parse(c.at) - start;
        return (
          <li key={c.id} className="relative">
            <Link
              from="/gateway/calls"
              to="."
              search={(before) => ({ ...before, call: c.id })}
              replace
              aria-current={c.id === call.id ? "true" : undefined}
              className={cx(
                "grid min-h-7 grid-cols-[minmax(0,1fr)_minmax(0,1fr)_60px] items-center gap-x-3 rounded-1 px-1 text-dense hover:bg-hover",
                c.id === call.id && "bg-selected hover:bg-selected",
              )}
            >
              <span data-user="" className="id min-w-0 truncate">
                {c.method} {c.path}
              </span>
              <span className="bar-track relative h-[5px]">
                <span
                  className={cx(
                    "bar-fill absolute inset-y-0 min-w-[2px] rounded-[2px]",
                    bars[stateOfStatus(c.status) as keyof typeof bars],
                  )}
                  style={{
                    left: `${Math.min(99, share(from))}%`,
                    width: `${share((c.latency_us ?? 0) / 1000)}%`,
                  }}
                />
              </span>
              <span className="num text-right text-meta text-fg-2">{latency(c.latency_us ?? 0)}</span>
            </Link>
          </li>
        );
      })}
    </ol>
  );
}
