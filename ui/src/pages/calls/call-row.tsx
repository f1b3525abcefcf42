import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { memo } from "react";
import type { Call } from "@/api/types";
import { t } from "@/i18n";
import { clockTo } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import type { CellName } from "./columns";
import { latency, size, stateOfStatus } from "./format";

/** Columns by the room there is: all of them, the most needed beside an open call, two lines on phones. */
export const columnsWide =
  "md:grid-cols-[88px_52px_58px_minmax(0,3fr)_minmax(0,1.4fr)_132px_112px_minmax(0,1.2fr)_minmax(0,1fr)_76px]";
export const columnsBeside = "lg:!grid-cols-[88px_52px_58px_minmax(0,1fr)_104px]";
const grid =
  "grid grid-cols-[44px_minmax(0,1fr)_auto] items-center gap-x-2.5 px-3 max-md:py-1 md:h-7 md:gap-x-3";

const tone = { ok: "text-ok", watch: "text-watch", critical: "text-critical", idle: "text-fg-3" } as const;
const bar = {
  ok: "bg-s1",
  watch: "bg-watch-fill",
  critical: "bg-critical-fill",
  idle: "bg-idle-fill",
} as const;

interface Props {
  call: Call;
  index: number;
  /** Latency that fills the bar, in us. */
  slowest: number;
  current: boolean;
  open: boolean;
  narrow: boolean;
  fresh: boolean;
  zone: string | undefined;
  /** The cell that F filters by, of the current row. */
  cell: CellName | undefined;
  onFocus: (index: number, cell: CellName | undefined) => void;
}

/** One call in a line. */
export const CallRow = memo(function CallRow({
  call: c,
  index,
  slowest,
  current,
  open,
  narrow,
  fresh,
  zone,
  cell,
  onFocus,
}: Props) {
  const state = stateOfStatus(c.status) as keyof typeof tone;
  const hide = narrow && "lg:hidden";
  const at = (name: CellName, more?: string | false) =>
    cx(
      "min-w-0 truncate",
      current && cell === name && "rounded-1 outline-2 outline-accent -outline-offset-1",
      more,
    );
  const share = Math.min(1, (c.latency_us ?? 0) / slowest);
  return (
    <div
      className={cx(
        "relative border-line border-t text-row hover:bg-hover",
        (open || current) && "bg-selected hover:bg-selected",
        fresh && "fresh",
      )}
      onPointerDown={(e) =>
        onFocus(
          index,
          (e.target as Element).closest<HTMLElement>("[data-cell]")?.dataset.cell as CellName | undefined,
        )
      }
    >
      <Link
        from="/gateway/calls"
        to="."
        search={(before) => ({ ...before, call: c.id })}
        replace
        data-list-row=""
        data-call-row={index}
        aria-current={open ? "true" : undefined}
        onFocus={() => onFocus(index, undefined)}
        className={cx(
          grid,
          columnsWide,
          narrow && columnsBeside,
          "focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-focus",
        )}
      >
        <time
          dateTime={c.at}
          className="num font-mono text-[11.5px] text-fg-3 max-md:col-span-2 max-md:row-start-2"
        >
          {clockTo("millisecond", c.at, zone)}
        </time>
        <span
          data-cell="status"
          className={at(
            "status",
            cx(
              "num inline-flex items-center gap-1 font-mono text-[11.5px] font-medium max-md:row-start-1",
              tone[state],
            ),
          )}
        >
          <Glyph state={state} size={7} />
          {c.status ?? t("calls.noStatus")}
        </span>
        <span data-cell="method" data-user="" className={at("method", "id text-fg-2 max-md:hidden")}>
          {c.method}
        </span>
        <span
          data-cell="path"
          data-user=""
          className={at("path", "id max-md:row-start-1")}
          title={c.query ? `${c.path}?${c.query}` : c.path}
        >
          <span className="text-fg-2 md:hidden">{c.method} </span>
          {c.path}
          {c.query ? <span className="text-fg-3">?{c.query}</span> : null}
        </span>
        <span data-cell="route" data-user="" className={at("route", cx("text-fg-2 max-md:hidden", hide))}>
          {c.route}
          {c.error ? <span className="ml-1 text-meta text-critical">{c.error}</span> : null}
        </span>
        <span
          data-cell="ms"
          className={at(
            "ms",
            "grid grid-cols-[minmax(0,1fr)_54px] items-center gap-2 max-md:block max-md:text-right",
          )}
        >
          <span aria-hidden="true" className="bar-track block h-[5px] max-md:hidden">
            <span
              className={cx("bar-fill block h-full min-w-[2px] rounded-[2px]", bar[state])}
              style={{ width: `${share * 100}%` }}
            />
          </span>
          <span className="num text-right text-meta text-fg-2">{latency(c.latency_us ?? 0)}</span>
        </span>
        <span className={cx("num truncate text-right text-meta text-fg-3 max-md:hidden", hide)}>
          {size(c.bytes_in ?? 0)} / {size(c.bytes_out ?? 0)}
        </span>
        <span
          data-cell="app"
          data-user=""
          className={at("app", cx("text-meta text-fg-2 max-md:hidden", hide))}
        >
          {c.application ?? ""}
          {c.key ? <span className="id ml-1 text-fg-3">{c.key}</span> : null}
        </span>
        <span
          data-cell="user"
          data-user=""
          className={at("user", cx("text-meta text-fg-2 max-md:hidden", hide))}
        >
          {c.user}
        </span>
        <span
          data-cell="trace"
          className={at(
            "trace",
            cx("id inline-flex items-center justify-end gap-1 text-fg-3 max-md:hidden", hide),
          )}
        >
          {(c.attempts ?? 0) > 1 ? (
            <span title={t("calls.attempts", { count: c.attempts ?? 0 })} className="text-watch">
              <Icon of={RotateCcw} size={11} />
              <span className="sr-only">{t("calls.attempts", { count: c.attempts ?? 0 })}</span>
            </span>
          ) : null}
          {c.trace?.slice(-8)}
        </span>
      </Link>
    </div>
  );
});

/** What stands over the rows. */
export function CallRowHead({ narrow }: { narrow: boolean }) {
  const hide = narrow ? "lg:hidden" : "";
  return (
    <div
      aria-hidden="true"
      className={cx(
        grid,
        columnsWide,
        narrow && columnsBeside,
        "sticky top-0 z-10 rounded-t-3 bg-surface text-axis text-fg-3 max-md:!hidden",
      )}
    >
      <span>{t("chart.time")}</span>
      <span>{t("calls.status")}</span>
      <span>{t("calls.method")}</span>
      <span>{t("apis.path")}</span>
      <span className={hide}>{t("apis.route")}</span>
      <span className="text-right">{t("calls.latency")}</span>
      <span className={cx("text-right", hide)}>{t("calls.inOut")}</span>
      <span className={hide}>{t("calls.application")}</span>
      <span className={hide}>{t("calls.user")}</span>
      <span className={cx("text-right", hide)}>{t("calls.trace")}</span>
    </div>
  );
}
