import { Link } from "@tanstack/react-router";
import { ScrollText } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import type { TargetState } from "@/api/types";
import { t, word } from "@/i18n";
import { bytes, compact, decimal, number, percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { buttonClass } from "@/ui/button";
import { Drawer } from "@/ui/drawer";
import { Glyph, type State } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Fact, Facts } from "@/ui/panel";
import { Time } from "@/ui/time";
import { ApiState, Methods } from "../gateway/api-state";
import { ms } from "../gateway/figures";
import { PolicySteps } from "../gateway/policies";
import { RolloutState, share } from "../rollouts/state";
import { type RouteLine, targetState } from "./lines";
import { RouteCharts } from "./route-charts";

/** One route: what it answers, what a request meets on the way, who answers it, and how that went. */
export function RouteDrawer({ line: l, onClose }: { line: RouteLine; onClose: () => void }) {
  const { rollout } = l;
  useActions([
    {
      id: "route.close",
      keys: ["escape"],
      scope: "item",
      label: t("action.closeDrawer"),
      keysOnly: true,
      run: onClose,
    },
  ]);
  return (
    <Drawer
      label={t("routes.one", { name: l.name })}
      onClose={onClose}
      title={
        <span className="grid">
          <h2 data-user="" className="truncate text-pane font-semibold">
            {l.route.name}
          </h2>
          <span data-user="" className="truncate text-meta text-fg-3">
            {l.api.name} {l.api.version}
          </span>
        </span>
      }
      actions={
        <Link
          to="/gateway/calls"
          search={{ q: `api:${l.api.name} route:${l.route.name}` }}
          className={buttonClass("plain", "sm")}
        >
          <Icon of={ScrollText} size={14} />
          {t("routes.calls")}
        </Link>
      }
    >
      <div className="grid gap-5 px-4 py-3">
        <Figures line={l} />
        {rollout ? (
          <p className="flex flex-wrap items-center gap-x-2 rounded-2 border border-line px-3 py-2">
            <RolloutState rollout={rollout} />
            <span className="min-w-0 flex-1 truncate text-fg-2">
              <span data-user="">{rollout.canary}</span> <span className="num">{share(rollout.weight)}</span>
            </span>
            <Link to="/gateway/rollouts" search={{ rollout: rollout.id }} className="link">
              {t("routes.openRollout")}
            </Link>
          </p>
        ) : null}
        <RouteCharts of={{ api: l.api.name, version: l.api.version, route: l.route.name }} />
        <Facts>
          <Fact name={t("applications.state")}>
            <ApiState state={l.api.state} />
          </Fact>
          <Fact name={t("apis.path")}>
            <Methods methods={l.route.methods} />
            <span data-user="" className="id [overflow-wrap:anywhere]">
              {l.route.path}
            </span>
            <span className="text-meta text-fg-3">{word("match", l.route.match)}</span>
          </Fact>
          {l.api.hosts.length ? (
            <Fact name={t("routes.hosts")}>
              <span data-user="" className="id">
                {l.api.hosts.join(", ")}
              </span>
            </Fact>
          ) : null}
          {l.route.headers ? (
            <Fact name={t("routes.headers")}>
              <span data-user="" className="id">
                {Object.entries(l.route.headers)
                  .map(([k, v]) => `${k}: ${v}`)
                  .join(", ")}
              </span>
            </Fact>
          ) : null}
          {l.route.rewrite ? (
            <Fact name={t("routes.rewrite")}>
              <span data-user="" className="id">
                {l.route.rewrite}
              </span>
            </Fact>
          ) : null}
        </Facts>
        <Section title={t("apis.policies")}>
          <PolicySteps policies={l.route.policies} />
        </Section>
        <Section title={t("routes.upstreams")}>
          <Upstreams line={l} />
        </Section>
        <Reasons line={l} />
      </div>
    </Drawer>
  );
}

const Section = ({ title, children }: { title: string; children: React.ReactNode }) => (
  <section className="grid gap-2">
    <h3 className="text-body font-semibold">{title}</h3>
    {children}
  </section>
);

function Figures({ line: { did, traffic } }: { line: RouteLine }) {
  // Of the last two minutes: the last thirtieth of the hour.
  const rate = traffic?.spark.at(-1);
  const latency = (v: number | undefined) => (v === undefined ? "–" : ms(v));
  const cells: [label: string, value: string, unit?: string][] = [
    [t("routes.rate"), rate === undefined ? "–" : decimal(rate, rate < 1 ? 2 : 1), t("routes.unitRate")],
    ["p50", latency(traffic?.p50_ms), t("unit.ms")],
    ["p95", latency(traffic?.p95_ms), t("unit.ms")],
    ["p99", latency(traffic?.p99_ms), t("unit.ms")],
    [t("figure.errors"), traffic ? percent(traffic.errors, 1) : "–"],
  ];
  return (
    <div className="grid gap-2">
      <dl className="grid grid-cols-5 divide-x divide-line overflow-hidden rounded-3 border border-line">
        {cells.map(([label, value, unit]) => (
          <div key={label} className="grid min-w-0 gap-0.5 px-2.5 py-2">
            <dt className="truncate text-meta text-fg-2">{label}</dt>
            <dd className="num truncate text-verdict font-550">
              {value}
              {unit && value !== "–" ? (
                <span className="ml-0.5 text-meta font-normal text-fg-3">{unit}</span>
              ) : null}
            </dd>
          </div>
        ))}
      </dl>
      <p className="num text-meta text-fg-3">
        {did
          ? t("routes.totals", {
              calls: compact(did.requests),
              in: bytes(did.bytes_in),
              out: bytes(did.bytes_out),
              retries: number(did.retries),
            })
          : t("routes.never")}
      </p>
    </div>
  );
}

const glyphs: Record<ReturnType<typeof targetState>, State> = {
  up: "ok",
  ejected: "watch",
  down: "critical",
};

/** Upstreams of a route with their shares, and under each its targets. */
function Upstreams({ line: l }: { line: RouteLine }) {
  const sum = l.route.shares.reduce((n, s) => n + s.weight, 0) || 1;
  return (
    <ul className="grid gap-2">
      {l.route.shares.map((s) => (
        <li key={s.upstream} className="overflow-hidden rounded-2 border border-line">
          <p className="flex items-center gap-2 bg-canvas px-2.5 py-1.5">
            <span data-user="" className="min-w-0 flex-1 truncate font-550">
              {s.upstream}
            </span>
            {l.route.shares.length > 1 ? <Bar value={s.weight / sum} tone="accent" className="w-24" /> : null}
            <span className="num text-meta text-fg-2">{percent(s.weight / sum, 1)}</span>
          </p>
          <ul>
            {l.targets
              .filter((x) => x.upstream === s.upstream)
              .map((x) => (
                <Target key={x.target} target={x} />
              ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function Target({ target: x }: { target: TargetState }) {
  const state = targetState(x);
  return (
    <li className="flex min-h-7 items-center gap-2 border-line border-t px-2.5 text-dense">
      <Glyph state={glyphs[state]} />
      <span data-user="" className="id min-w-0 flex-1 truncate">
        {x.target}
      </span>
      <span className="text-meta text-fg-3">
        {word("targetState", state)}
        {x.ejected_until ? (
          <>
            {" "}
            <Time at={x.ejected_until} relative />
          </>
        ) : null}
      </span>
      <span className="num text-meta text-fg-3">
        {x.weight > 1 ? t("routes.weight", { weight: x.weight }) : null}
      </span>
      <span className="num w-20 text-right text-meta text-fg-2">
        {t("routes.inflight", { count: x.inflight })}
      </span>
    </li>
  );
}

const classes = ["2xx", "3xx", "4xx", "5xx", "left"] as const;
const tones = { "2xx": "ok", "3xx": "idle", "4xx": "watch", "5xx": "critical", left: "idle" } as const;

/** Answers by class, and what the gateway itself answered, by its reason. */
function Reasons({ line: { did } }: { line: RouteLine }) {
  if (!did?.requests) return null;
  const reasons = Object.entries(did.errors).sort((a, b) => b[1] - a[1]);
  return (
    <Section title={t("routes.answers")}>
      <dl className="grid grid-cols-[72px_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 text-dense">
        {classes
          .filter((c) => did.statuses[c])
          .map((c) => (
            <div key={c} className="contents">
              <dt className="num text-fg-2">{c === "left" ? t("routes.left") : c}</dt>
              <dd className="min-w-0">
                <Bar value={(did.statuses[c] ?? 0) / did.requests} tone={tones[c]} className="!w-full" />
              </dd>
              <dd className="num text-right text-fg-2">{number(did.statuses[c] ?? 0)}</dd>
            </div>
          ))}
      </dl>
      {reasons.length ? (
        <ul className="grid gap-0.5 text-dense">
          {reasons.map(([reason, n]) => (
            <li key={reason} className="flex gap-2">
              <span className="min-w-0 flex-1">{word("refusal", reason)}</span>
              <span className="num text-fg-2">{number(n)}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </Section>
  );
}
