import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { rolloutQuery, underWay } from "@/api/rollouts";
import type { Rollout, RolloutDetail, RolloutVariant } from "@/api/types";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { compact, percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Drawer } from "@/ui/drawer";
import { Fact, Facts } from "@/ui/panel";
import { explain, Failure, RowsSkeleton } from "@/ui/states";
import { Time, TimeButton } from "@/ui/time";
import { ms } from "../gateway/figures";
import { ActDialog } from "./act-dialog";
import { apiName, RolloutState, share } from "./state";
import { useAct } from "./use-act";

/** One rollout: where it stands, the versions side by side, and what happened. */
export function RolloutDrawer({
  rollout,
  mayChange,
  onClose,
}: {
  rollout: Rollout;
  mayChange: boolean;
  onClose: () => void;
}) {
  const { data, error, refetch } = useQuery(rolloutQuery(rollout.id));
  const r = data ?? rollout;
  const [asking, setAsking] = useState<"abort" | "promote">();
  const can = mayChange && underWay(r) && r.state !== "promoting";
  useActions([
    {
      id: "rollout.back",
      keys: ["b"],
      scope: "item",
      label: t("action.rolloutBack"),
      hint: t("hint.rolloutBack"),
      icon: Undo2,
      when: () => can,
      run: () => setAsking("abort"),
    },
    {
      id: "rollout.close",
      keys: ["escape"],
      scope: "item",
      label: t("action.closeDrawer"),
      keysOnly: true,
      run: onClose,
    },
  ]);
  return (
    <Drawer
      label={t("rollouts.one", { api: apiName(r), canary: r.canary })}
      onClose={onClose}
      title={
        <h2 data-user="" className="truncate text-pane font-semibold">
          {apiName(r)}
        </h2>
      }
      actions={
        can ? (
          <>
            <ActionButton action="rollout.back" size="sm" look="danger">
              {t("rollouts.back")}
            </ActionButton>
            <Button size="sm" look="primary" onClick={() => setAsking("promote")}>
              {t("rollouts.promote")}
            </Button>
          </>
        ) : null
      }
    >
      <div className="grid gap-5 px-4 py-3">
        <Facts>
          <Fact name={t("rollouts.state")}>
            <RolloutState rollout={r} />
            <span className="text-fg-3">
              {t("rollouts.stepOf", { step: r.step + 1, of: r.steps?.length ?? 0 })}
            </span>
          </Fact>
          <Fact name={t("rollouts.version")}>
            <span data-user="">{t("rollouts.way", { stable: r.stable ?? "", canary: r.canary })}</span>
          </Fact>
          <Fact name={t("rollouts.share")}>
            <Bar value={r.weight / 100} tone="accent" />
            <span className="num">{t("rollouts.goes", { weight: share(r.weight) })}</span>
            {r.next_at ? (
              <span className="text-fg-3">
                <Trans k="rollouts.next" values={{ time: <Time at={r.next_at} relative /> }} />
              </span>
            ) : null}
          </Fact>
          <Fact name={t("rollouts.why")}>
            <span data-user="">{(underWay(r) && r.finding.reason) || r.reason || r.finding.reason}</span>
          </Fact>
          <Fact name={t("rollouts.started")}>
            <span>
              <Trans
                k="rollouts.by"
                values={{ name: <span data-user="">{r.by}</span>, time: <TimeButton at={r.created_at} /> }}
              />
            </span>
          </Fact>
          {r.publication ? (
            <Fact name={t("rollouts.publication")}>
              <Link to="/gateway/apis" search={{ publication: String(r.publication) }} className="link num">
                {r.publication}
              </Link>
            </Fact>
          ) : null}
        </Facts>
        {can ? <Verbs rollout={r} /> : null}
        {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
        {data ? <Figures detail={data} /> : <RowsSkeleton rows={3} />}
        <Steps rollout={r} />
        {data ? <History detail={data} /> : null}
      </div>
      {asking ? <ActDialog rollout={r} verb={asking} onClose={() => setAsking(undefined)} /> : null}
    </Drawer>
  );
}

/** What needs no second question: it can be taken back by the next. */
function Verbs({ rollout: r }: { rollout: Rollout }) {
  const act = useAct(r);
  const run = (verb: "pause" | "resume" | "advance") =>
    act.mutate({ verb }, { onError: (e) => toasts.show(explain(e), { tone: "error" }) });
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        size="sm"
        disabled={act.isPending}
        onClick={() => run(r.state === "paused" ? "resume" : "pause")}
      >
        {t(r.state === "paused" ? "rollouts.resume" : "rollouts.pause")}
      </Button>
      {r.step + 1 < (r.steps?.length ?? 0) ? (
        <Button size="sm" disabled={act.isPending} onClick={() => run("advance")}>
          {t("rollouts.advance")}
        </Button>
      ) : null}
    </div>
  );
}

const head = "h-6 text-right text-axis font-normal text-fg-3";

/** The versions side by side. */
function Figures({ detail: d }: { detail: RolloutDetail }) {
  const variants = d.figures.variants.filter((v) => v.calls > 0);
  return (
    <section className="grid gap-1.5">
      <div className="flex items-baseline gap-2">
        <h3 className="flex-1 text-body font-semibold">{t("rollouts.figures")}</h3>
        <span className="text-meta text-fg-3">
          <Trans k="rollouts.since" values={{ time: <Time at={d.figures.since} relative /> }} />
        </span>
      </div>
      {variants.length === 0 ? (
        <p className="text-fg-2">{t("rollouts.noCalls")}</p>
      ) : (
        <table className="w-full text-row">
          <thead>
            <tr>
              <th scope="col" className={cx(head, "!text-left")}>
                {t("rollouts.version")}
              </th>
              <th scope="col" className={head}>
                {t("rollouts.calls")}
              </th>
              <th scope="col" className={head}>
                {t("rollouts.failed")}
              </th>
              <th scope="col" className={head}>
                p50
              </th>
              <th scope="col" className={head}>
                p95
              </th>
              <th scope="col" className={head}>
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {variants.map((v) => (
              <Variant key={`${v.variant} ${v.before}`} variant={v} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Variant({ variant: v }: { variant: RolloutVariant }) {
  const name = word("variant", v.variant);
  const cell = "num h-7 border-line border-t text-right text-meta text-fg-2";
  return (
    <tr>
      <th scope="row" className="h-7 border-line border-t text-left font-550">
        {v.before ? t("rollouts.before", { variant: name }) : name}
      </th>
      <td className={cell}>{compact(v.calls)}</td>
      <td className={cell}>{percent(v.failures / v.calls, 1)}</td>
      <td className={cell}>{ms(v.p50_ms)}</td>
      <td className={cell}>{ms(v.p95_ms)}</td>
      <td className={cell}>{ms(v.p99_ms)}</td>
    </tr>
  );
}

function Steps({ rollout: r }: { rollout: Rollout }) {
  return (
    <section className="grid gap-1.5">
      <h3 className="text-body font-semibold">{t("rollouts.steps")}</h3>
      <ol className="grid gap-px">
        {(r.steps ?? []).map((s, i) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a rollout never move
            key={i}
            aria-current={underWay(r) && i === r.step ? "step" : undefined}
            className={cx(
              "flex min-h-6 items-center gap-2",
              i === r.step && underWay(r) ? "font-550" : "text-fg-2",
            )}
          >
            <Bar value={s.weight / 100} tone={i <= r.step ? "accent" : "idle"} />
            {t(s.pause ? "rollouts.stepPause" : "rollouts.stepLine", {
              weight: share(s.weight),
              hold: s.hold ?? "",
            })}
          </li>
        ))}
      </ol>
    </section>
  );
}

function History({ detail: d }: { detail: RolloutDetail }) {
  return (
    <section className="grid gap-1.5">
      <h3 className="text-body font-semibold">{t("rollouts.history")}</h3>
      <ol className="grid">
        {d.events.map((e) => (
          <li key={e.id} className="grid gap-px border-line border-t py-1.5">
            <span className="flex items-baseline gap-2">
              <span className="flex-1 font-550">{word("rolloutEvent", e.kind)}</span>
              <span className="text-meta text-fg-3">
                <Trans
                  k="rollouts.by"
                  values={{ name: <span data-user="">{e.by}</span>, time: <Time at={e.at} relative /> }}
                />
              </span>
            </span>
            <span data-user="" className="text-meta text-fg-2">
              {e.reason}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
