import type { ReactNode } from "react";
import type { Kpi, Pulse } from "@/api/types";
import { type MessageKey, t, word } from "@/i18n";
import { duration, durationParts, shortDuration } from "@/i18n/duration";
import { decimal, number, percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { Spark } from "@/ui/spark";
import { RowsLink } from "./rows-link";

/** The cells in their order; what else is measured stands where it belongs. */
const shown = ["waiting", "oldest", "time_to_triage", "arrivals", "negative", "backlog"] as const;

const tone: Record<string, string> = {
  watch: "text-watch",
  degraded: "text-degraded",
  critical: "text-critical",
};
const line: Record<string, string> = {
  watch: "text-watch-fill",
  degraded: "text-degraded-fill",
  critical: "text-critical-fill",
};

/** The figure and its unit. */
function figureOf(k: Kpi): { value: string; unit: string } {
  if (k.value === undefined) return { value: "–", unit: "" };
  if (k.unit === "seconds") return durationParts(k.value);
  if (k.unit === "share") return { value: decimal(k.value * 100, 0), unit: "%" };
  return { value: number(k.value), unit: "" };
}

const signed = (n: number) => (n > 0 ? `+${number(n)}` : number(n));

/** What is said below the figure: its target, or what it compares with. */
function footOf(k: Kpi): string {
  const m = k.more;
  switch (k.id) {
    case "waiting":
      return m.sev1 ? t("kpi.sev1", { count: m.sev1 }) : t("kpi.noSev1");
    case "oldest":
      return k.value === undefined
        ? t("kpi.nothingWaits")
        : t("kpi.target", { target: shortDuration(k.target ?? 0) });
    case "time_to_triage":
      return k.value === undefined ? t("kpi.none") : t("kpi.p90", { time: shortDuration(m.p90 ?? 0) });
    case "arrivals":
      return m.high === undefined ? t("kpi.usualUnknown") : usual(decimal(m.low ?? 0, 0), decimal(m.high, 0));
    case "negative":
      return m.before === undefined ? t("kpi.noBefore") : t("kpi.before", { share: percent(m.before) });
    case "backlog":
      return m.net ? t("kpi.net", { net: signed(m.net) }) : t("kpi.netNone");
  }
  return "";
}

const usual = (low: string, high: string) =>
  low === high ? t("kpi.usualOne", { high }) : t("kpi.usual", { low, high });

function sparkLabel(k: Kpi, name: string): string {
  const list = k.spark.filter((v) => v !== null);
  const say = (v: number) =>
    k.unit === "seconds" ? duration(v) : k.unit === "share" ? percent(v) : number(v);
  return t("kpi.spark", { name, low: say(Math.min(...list)), high: say(Math.max(...list)) });
}

/** Share of the target that is used up; the mark at its end is the target. */
function TargetBar({ k }: { k: Kpi }) {
  if (k.value === undefined || !k.target) return null;
  const share = Math.min(1, k.value / k.target);
  const fill = { watch: "bg-watch-fill", degraded: "bg-degraded-fill" }[k.state as string] ?? "bg-idle-fill";
  return (
    <span
      aria-hidden="true"
      className="forced-edge mb-2 block h-1 w-15 flex-none self-end overflow-hidden rounded-[2px] bg-muted"
    >
      <span
        className={cx("bar-fill block h-full rounded-[2px]", fill)}
        style={{ width: `${Math.round(share * 100)}%` }}
      />
    </span>
  );
}

function Cell({ k, wall, children }: { k: Kpi; wall: boolean; children?: ReactNode }) {
  const { value, unit } = figureOf(k);
  const name = t(`kpi.${k.id}` as MessageKey);
  const bad = k.state !== "ok" && k.state !== "idle";
  return (
    <div
      className={cx(
        "relative flex min-w-0 flex-col border-line",
        wall ? "rounded-3 border bg-surface p-5" : "border-l px-3 pt-3 pb-2.5 hover:bg-hover",
      )}
      data-kpi={k.id}
    >
      <dt
        className={cx(
          "flex items-center gap-1.5 text-fg-2",
          wall ? "text-[20px] leading-7" : "text-[12px] leading-4",
        )}
      >
        {bad ? (
          <>
            <Glyph state={k.state as never} size={wall ? 18 : 10} />
            <span className="sr-only">{word("health", k.state)}</span>
          </>
        ) : null}
        {k.link && !wall ? (
          <RowsLink
            link={k.link}
            className="truncate after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
          >
            {name}
          </RowsLink>
        ) : (
          <span className="truncate">{name}</span>
        )}
      </dt>
      <dd className={cx("num flex items-center justify-between gap-1.5", wall ? "mt-2" : "mt-1")}>
        <span
          className={cx(
            "font-550 tracking-[-0.022em] whitespace-nowrap",
            wall ? "text-[56px] leading-[64px]" : "text-kpi",
          )}
        >
          {value}
          {unit ? (
            <small
              className={cx(
                "ml-[3px] font-normal tracking-normal text-fg-3",
                wall ? "text-[24px]" : "text-[12px]",
              )}
            >
              {unit}
            </small>
          ) : null}
        </span>
        {children}
      </dd>
      <dd
        className={cx(
          "mt-auto truncate",
          wall ? "pt-2 text-[18px] leading-6" : "pt-1 text-meta",
          tone[k.state] ?? "text-fg-3",
        )}
      >
        {footOf(k)}
      </dd>
    </div>
  );
}

/** Six figures; each leads to its rows. */
export function KpiCells({ kpis, wall = false }: { kpis: Pulse["kpis"]; wall?: boolean }) {
  return (
    <dl
      className={cx(
        "grid min-w-0 grid-cols-2 sm:grid-cols-3",
        wall
          ? "gap-4 min-[110rem]:grid-cols-6"
          : "max-lg:-ml-px xl:grid-cols-6 max-xl:[&>*]:-mt-px max-xl:[&>*]:border-t",
      )}
    >
      {shown.map((id) => {
        const k = kpis.find((x) => x.id === id);
        if (!k) return null;
        const name = t(`kpi.${id}`);
        return (
          <Cell key={id} k={k} wall={wall}>
            {id === "oldest" ? (
              <TargetBar k={k} />
            ) : (
              <Spark
                values={k.spark}
                label={sparkLabel(k, name)}
                width={wall ? 96 : 62}
                height={wall ? 40 : 26}
                target={id === "arrivals" ? k.more.high : k.target}
                low={id === "backlog"}
                className={line[k.state] ?? "text-fg-3"}
              />
            )}
          </Cell>
        );
      })}
    </dl>
  );
}
