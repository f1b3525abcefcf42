import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { shadowsQuery } from "@/api/shadows";
import type { Shadow, ShadowExample } from "@/api/types";
import { Trans, t } from "@/i18n";
import { decimal, number, percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { cx } from "@/ui/cx";
import { Fact, Facts, Panel } from "@/ui/panel";
import { Failure } from "@/ui/states";
import { Time } from "@/ui/time";
import { ms, routeName } from "../gateway/figures";
import { ResetDialog } from "./reset-dialog";

const columns =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[minmax(0,3fr)_110px_150px_130px]";

/** Routes whose calls are copied, and how the copies fare; nothing where none is. */
export function Mirrors({ mayChange }: { mayChange: boolean }) {
  const { data, error, refetch } = useQuery(shadowsQuery);
  const [opened, setOpened] = useState<string>();
  const [resetting, setResetting] = useState<Shadow>();
  const open = data?.find((s) => routeName(s) === opened);
  useActions([
    {
      id: "mirror.reset",
      keys: ["shift+r"],
      scope: "list",
      label: t("action.resetMirror"),
      hint: t("hint.resetMirror"),
      icon: RotateCcw,
      when: () => mayChange && open !== undefined,
      run: () => setResetting(open),
    },
  ]);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data?.length) return null;
  return (
    <Panel title={t("shadows.title")} note={t("shadows.note")}>
      <ul aria-label={t("shadows.title")}>
        {data.map((s) => (
          <li key={routeName(s)} className="border-line border-t">
            <Row
              shadow={s}
              expanded={s === open}
              onToggle={() => setOpened(s === open ? undefined : routeName(s))}
            />
            {s === open ? <Detail shadow={s} mayChange={mayChange} /> : null}
          </li>
        ))}
      </ul>
      {resetting ? <ResetDialog shadow={resetting} onClose={() => setResetting(undefined)} /> : null}
    </Panel>
  );
}

/** How much slower copies are at the median, in words. */
function pace(s: Shadow): string {
  const slower = s.shadow_p50_ms - s.p50_ms;
  if (Math.abs(slower) < 0.01) return t("shadows.equal");
  return t(slower > 0 ? "shadows.slower" : "shadows.faster", { ms: ms(Math.abs(slower)) });
}

function Row({ shadow: s, expanded, onToggle }: { shadow: Shadow; expanded: boolean; onToggle: () => void }) {
  const same = s.pairs ? s.same / s.pairs : 0;
  return (
    <div className={cx(columns, "relative min-h-11 py-1 text-row hover:bg-hover")}>
      <span className="grid min-w-0 gap-px">
        <button
          type="button"
          data-list-row=""
          data-user=""
          aria-expanded={expanded}
          onClick={onToggle}
          className="truncate text-left font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {routeName(s)}
        </button>
        <span className="truncate text-meta text-fg-3">
          <Trans k="shadows.to" values={{ upstream: <span data-user="">{s.upstream}</span> }} />
        </span>
      </span>
      <span className="num text-right text-meta text-fg-2">{t("shadows.pairs", { count: s.pairs })}</span>
      <span className="flex items-center gap-2">
        <Bar value={same} tone={same < 0.99 ? "watch" : "ok"} />
        <span className="num text-meta text-fg-2">{t("shadows.same", { share: percent(same, 1) })}</span>
      </span>
      <span className="num text-right text-meta text-fg-2">{pace(s)}</span>
    </div>
  );
}

const kinds = ["shadow_failed", "status", "body", "primary_failed", "both_failed"] as const;

function Detail({ shadow: s, mayChange }: { shadow: Shadow; mayChange: boolean }) {
  const counts = {
    shadow_failed: s.shadow_failed,
    status: s.status_differs,
    body: s.body_differs,
    primary_failed: s.primary_failed,
    both_failed: s.both_failed,
  };
  return (
    <div className="grid gap-3 px-3 pt-1 pb-3">
      <Facts>
        {kinds
          .filter((k) => counts[k])
          .map((k) => (
            <Fact key={k} name={t(`shadowDifference.${k}`)}>
              <span className="num">{number(counts[k])}</span>
              <span className="text-fg-3">{percent(counts[k] / s.pairs, 1)}</span>
            </Fact>
          ))}
        <Fact name={t("shadows.latency")}>
          <span className="num">
            {t("shadows.latencyLine", {
              p50: ms(s.p50_ms),
              shadow50: ms(s.shadow_p50_ms),
              p95: ms(s.p95_ms),
              shadow95: ms(s.shadow_p95_ms),
            })}
          </span>
          <span className="text-fg-3">
            {t("shadows.byLuck", { p: s.p < 0.001 ? "< 0.001" : `= ${decimal(s.p, 3)}` })}
          </span>
        </Fact>
      </Facts>
      <div className="flex items-center gap-3">
        {mayChange ? (
          <ActionButton action="mirror.reset" size="sm">
            {t("shadows.reset")}
          </ActionButton>
        ) : null}
        <span className="text-meta text-fg-3">
          <Trans k="shadows.since" values={{ time: <Time at={s.since} /> }} />
        </span>
      </div>
      <section className="grid gap-1">
        <h3 className="text-dense font-semibold">{t("shadows.examples")}</h3>
        {s.examples.length === 0 ? <p className="text-fg-2">{t("shadows.noExamples")}</p> : null}
        <ul className="grid">
          {s.examples.map((x) => (
            <Example key={`${x.request_id} ${x.at}`} example={x} />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Example({ example: x }: { example: ShadowExample }) {
  const told = (a: ShadowExample["primary"]) =>
    `${a.failed ?? a.status}, ${ms(a.latency_ns / 1e6)} ms, ${number(a.size)} B`;
  return (
    <li className="flex min-h-7 flex-wrap items-baseline gap-x-3 border-line border-t py-1 text-meta">
      <span className="font-550">{t(`shadowDifference.${x.difference}`)}</span>
      <Link
        to="/gateway/calls"
        search={{ call: x.request_id }}
        data-user=""
        className="link id min-w-0 truncate"
      >
        {x.method} {x.path}
      </Link>
      <span className="num text-fg-2">
        {t("shadows.answers", { primary: told(x.primary), shadow: told(x.shadow) })}
      </span>
      <span className="ml-auto text-fg-3">
        <Time at={x.at} relative />
      </span>
    </li>
  );
}
