import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useRowKeys } from "@/actions/use-row-keys";
import { gatewayStateQuery, outlineQuery, trafficQuery } from "@/api/gateway";
import { rolloutsQuery, underWay } from "@/api/rollouts";
import { Page } from "@/app/page";
import type { RoutesSearch } from "@/app/search";
import { t } from "@/i18n";
import { decimal, percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Select } from "@/ui/field";
import { Glyph, type State } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { SearchBox } from "@/ui/search-box";
import { Spark } from "@/ui/spark";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Methods } from "../gateway/api-state";
import { ms, stateOfErrors } from "../gateway/figures";
import { FirstApi, NoGateway } from "../gateway/first-api";
import { share } from "../rollouts/state";
import { linesOf, type RouteLine, routeSorts, sorted, targetState } from "./lines";
import { RouteDrawer } from "./route-drawer";

const route = getRouteApi("/app/gateway/routes");

const wide = "md:grid-cols-[minmax(150px,3fr)_minmax(120px,2fr)_72px_72px_56px_56px_56px_68px]";
const beside = "lg:!grid-cols-[minmax(120px,3fr)_64px_56px_64px]";
const columns = `grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 ${wide}`;

/** Every route that serves: who answers it, how much, how fast, and how often it fails. */
export default function Routes() {
  const navigate = route.useNavigate();
  const { route: name, q, sort = "document" } = route.useSearch();
  const { data: outline, error, isPending, refetch } = useQuery(outlineQuery);
  const state = useQuery(gatewayStateQuery).data;
  const traffic = useQuery(trafficQuery).data;
  const rollouts = useInfiniteQuery(rolloutsQuery).data;
  const lines = useMemo(
    () =>
      outline
        ? linesOf(
            outline,
            state,
            traffic,
            rollouts?.pages.flatMap((p) => p.items),
          )
        : [],
    [outline, state, traffic, rollouts],
  );
  const shown = useMemo(() => {
    const words = (q ?? "").toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const of = (l: RouteLine) =>
      `${l.name} ${l.route.path} ${l.route.methods.join(" ")} ${l.api.hosts.join(" ")}`.toLocaleLowerCase();
    return sorted(
      lines.filter((l) => words.every((w) => of(l).includes(w))),
      sort,
    );
  }, [lines, q, sort]);
  const open = lines.find((l) => l.name === name);
  const change = (next: RoutesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  useRowKeys(shown.length);
  return (
    <Page
      title={t("nav.routes")}
      note={lines.length ? t("routes.note", { count: lines.length }) : null}
      drawer={
        open ? <RouteDrawer key={open.name} line={open} onClose={() => change({ route: undefined })} /> : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={6} height={40} />
        </Panel>
      ) : null}
      {outline?.number === 0 ? <FirstApi /> : null}
      {state?.url === "" && lines.length ? <NoGateway /> : null}
      {outline && outline.number > 0 && lines.length === 0 ? (
        <p className="py-8 text-center text-fg-2">{t("routes.none")}</p>
      ) : null}
      {lines.length ? (
        <>
          <div className="flex flex-wrap items-center gap-3">
            <SearchBox label={t("routes.search")} value={q ?? ""} onSearch={(v) => change({ q: v })} />
            <Select
              aria-label={t("routes.order")}
              className="!h-7 !w-auto !text-dense [field-sizing:content] pointer-coarse:!h-10"
              value={sort}
              onChange={(e) =>
                change({
                  sort: e.target.value === "document" ? undefined : (e.target.value as RoutesSearch["sort"]),
                })
              }
              options={routeSorts.map((s) => ({ value: s, label: t(`routeSort.${s}`) }))}
            />
          </div>
          <Panel>
            <div
              aria-hidden="true"
              className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden", open && beside)}
            >
              <span>{t("apis.route")}</span>
              <span className={open ? "lg:hidden" : ""}>{t("routes.targets")}</span>
              <span className={open ? "lg:hidden" : ""}>{t("routes.trend")}</span>
              <span className="text-right">{t("routes.rate")}</span>
              <span className={cx("text-right", open && "lg:hidden")}>p50</span>
              <span className="text-right">p95</span>
              <span className={cx("text-right", open && "lg:hidden")}>p99</span>
              <span className="text-right">{t("figure.errors")}</span>
            </div>
            <ul aria-label={t("nav.routes")}>
              {shown.map((l) => (
                <Row key={l.name} line={l} narrow={open !== undefined} current={l.name === open?.name} />
              ))}
            </ul>
            {shown.length === 0 ? (
              <p className="border-line border-t py-8 text-center text-fg-2">{t("routes.noneFound")}</p>
            ) : null}
          </Panel>
          <p className="text-meta text-fg-3">{t("routes.since")}</p>
        </>
      ) : null}
    </Page>
  );
}

function Row({ line: l, narrow, current }: { line: RouteLine; narrow: boolean; current: boolean }) {
  const errors = l.traffic?.errors;
  const hide = narrow && "lg:hidden";
  const figure = "num text-right text-meta text-fg-2 max-md:hidden";
  const value = (v: number | undefined) => (v === undefined ? "–" : ms(v));
  const rate = l.traffic?.spark.at(-1);
  return (
    <li
      className={cx(
        columns,
        "relative min-h-11 border-line border-t py-1 text-row hover:bg-hover",
        narrow && beside,
        current && "bg-selected hover:bg-selected",
      )}
    >
      <span className="grid min-w-0 gap-px">
        <Link
          from="/gateway/routes"
          to="."
          search={(before) => ({ ...before, route: l.name })}
          replace
          data-list-row=""
          data-user=""
          aria-current={current ? "true" : undefined}
          className="flex min-w-0 items-center gap-1.5 font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          <span className="truncate">{l.route.name}</span>
          <span className="truncate text-meta font-normal text-fg-3">
            {l.api.name} {l.api.version}
          </span>
          {l.api.state === "deprecated" ? <Tag tone="watch">{t("apiState.deprecated")}</Tag> : null}
          {l.rollout && underWay(l.rollout) ? (
            <Tag tone={l.rollout.finding.verdict === "worse" ? "degraded" : "accent"}>
              {t("routes.canary", { share: share(l.rollout.weight) })}
            </Tag>
          ) : null}
        </Link>
        <span className="flex min-w-0 items-baseline gap-2">
          <Methods methods={l.route.methods} />
          <span data-user="" className="id min-w-0 truncate text-fg-3">
            {l.api.hosts[0] ?? ""}
            {l.route.match === "prefix" ? `${l.route.path.replace(/\/$/, "")}/*` : l.route.path}
          </span>
        </span>
      </span>
      <span className={cx("min-w-0 max-md:hidden", hide)}>
        <Health line={l} />
      </span>
      <span className={cx("max-md:hidden", hide)}>
        <Spark
          values={l.traffic?.spark ?? []}
          label={t("routes.trendSpoken", { rate: decimal(rate ?? 0, 1) })}
          width={72}
        />
      </span>
      <span className="num text-right text-meta text-fg-2">
        {rate === undefined ? "–" : t("routes.perSecond", { rate: decimal(rate, rate < 1 ? 2 : 1) })}
      </span>
      <span className={cx(figure, hide)}>{value(l.traffic?.p50_ms)}</span>
      <span className={figure}>{value(l.traffic?.p95_ms)}</span>
      <span className={cx(figure, hide)}>{value(l.traffic?.p99_ms)}</span>
      <span className={cx(figure, "flex items-center justify-end gap-1")}>
        {errors === undefined ? (
          "–"
        ) : (
          <>
            {errors > 0 ? <Glyph state={stateOfErrors(errors)} size={8} /> : null}
            {percent(errors, 1)}
          </>
        )}
      </span>
    </li>
  );
}

/** How the targets of a route stand, in a word: all up, or how many are not. */
function Health({ line: { targets, route } }: { line: RouteLine }) {
  const shares = route.shares.filter((s) => s.weight > 0).length;
  if (targets.length === 0) return <span className="text-fg-3">–</span>;
  const up = targets.filter((x) => targetState(x) === "up").length;
  const state: State = up === targets.length ? "ok" : up === 0 ? "critical" : "degraded";
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 text-meta text-fg-2">
      <Glyph state={state} />
      <span className="truncate">
        {up === targets.length
          ? t("routes.allUp", { count: targets.length })
          : t("routes.someUp", { up, of: targets.length })}
      </span>
      {shares > 1 ? <Tag tone="accent">{t("routes.split")}</Tag> : null}
    </span>
  );
}
