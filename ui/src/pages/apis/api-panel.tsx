import { Link } from "@tanstack/react-router";
import { ArrowRightLeft, Ellipsis, KeyRound } from "lucide-react";
import type { GatewayState, OutlineApi, OutlineRoute, RouteState } from "@/api/types";
import { t } from "@/i18n";
import { compact, date, percent } from "@/i18n/format";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { Menu, MenuItem } from "@/ui/menu";
import { Tag } from "@/ui/tag";
import { ApiState, Methods } from "../gateway/api-state";
import { errorShare, ms, routeName, stateOfErrors } from "../gateway/figures";
import { PolicyLine } from "../gateway/policies";
import { versionName } from "./life";

const columns =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[minmax(110px,2fr)_minmax(150px,3fr)_minmax(90px,1.3fr)_minmax(120px,3fr)_52px_52px_60px]";

/** One version of an API: its life, where it is reached, its routes with what a request meets on each. */
export function ApiPanel({
  api,
  state,
  acts,
}: {
  api: OutlineApi;
  state: GatewayState | undefined;
  /** What can be done with the version; absent for those who may not publish. */
  acts?: { onState: () => void; onPreview: () => void };
}) {
  const quiet = api.state === "draft" || api.state === "retired";
  return (
    <section
      data-version={versionName(api)}
      className="min-w-0 overflow-hidden rounded-3 border border-line bg-surface"
    >
      <header className="flex min-h-10 flex-wrap items-center gap-x-2.5 gap-y-1 px-3 py-1.5">
        <h2 data-user="" className="text-body font-semibold">
          {api.name}
        </h2>
        {api.version ? <Tag user>{api.version}</Tag> : null}
        <ApiState state={api.state} />
        <span data-user="" className="id min-w-0 truncate text-fg-2">
          {(api.hosts.length ? api.hosts : [""]).map((h) => `${h}${api.base ?? ""}` || "/").join(", ")}
        </span>
        {api.sunset ? (
          <span className="text-meta text-watch">{t("apis.sunset", { date: date(api.sunset, "UTC") })}</span>
        ) : null}
        <span className="flex-1" />
        {api.policies.length ? <PolicyLine policies={api.policies} /> : null}
        {acts ? (
          <Menu
            align="end"
            trigger={
              <IconButton label={t("apis.more", { name: versionName(api) })} icon={Ellipsis} size={14} />
            }
          >
            <MenuItem icon={ArrowRightLeft} onClick={acts.onState}>
              {t("apis.changeState")}
            </MenuItem>
            <MenuItem
              icon={KeyRound}
              disabled={api.state !== "draft"}
              note={api.state === "draft" ? undefined : t("apis.previewDrafts")}
              onClick={acts.onPreview}
            >
              {t("apis.makePreview")}
            </MenuItem>
          </Menu>
        ) : null}
      </header>
      <div
        aria-hidden="true"
        className={cx(columns, "h-6 border-line border-t text-axis text-fg-3 max-md:hidden")}
      >
        <span>{t("apis.route")}</span>
        <span>{t("apis.path")}</span>
        <span>{t("apis.upstream")}</span>
        <span>{t("apis.policies")}</span>
        <span className="text-right">{t("figure.calls")}</span>
        <span className="text-right">p95</span>
        <span className="text-right">{t("figure.errors")}</span>
      </div>
      <ul className={quiet ? "opacity-70" : undefined}>
        {api.routes.map((r) => (
          <RouteRow
            key={r.name}
            api={api}
            route={r}
            did={state?.routes.find(
              (s) => s.api === api.name && (s.version ?? "") === (api.version ?? "") && s.route === r.name,
            )}
          />
        ))}
      </ul>
    </section>
  );
}

function RouteRow({ api, route: r, did }: { api: OutlineApi; route: OutlineRoute; did?: RouteState }) {
  const share = did && errorShare(did);
  const own = r.policies.filter((p) => p.of === "route");
  return (
    <li className={cx(columns, "relative min-h-[34px] border-line border-t py-1 text-row hover:bg-hover")}>
      <Link
        to="/gateway/routes"
        search={{ route: routeName({ api: api.name, version: api.version, route: r.name }) }}
        data-list-row=""
        data-user=""
        className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        {r.name}
      </Link>
      <span className="flex min-w-0 items-baseline gap-2 max-md:col-span-2 max-md:row-start-2">
        <Methods methods={r.methods} />
        <span data-user="" className="id min-w-0 truncate" title={r.path}>
          {r.match === "prefix" ? `${r.path.replace(/\/$/, "")}/*` : r.path}
        </span>
        {r.match === "regex" ? <Tag>{t("apis.regex")}</Tag> : null}
      </span>
      <Shares route={r} />
      <span className={cx("min-w-0 max-md:col-span-2", own.length === 0 && "max-md:hidden")}>
        <PolicyLine policies={own} />
      </span>
      <span className="num text-right text-meta text-fg-2 max-md:col-start-2 max-md:row-start-1">
        {did?.requests ? compact(did.requests) : "–"}
      </span>
      <span className="num text-right text-meta text-fg-2 max-md:hidden">
        {did?.requests ? ms(did.p95_ms) : "–"}
      </span>
      <span className="num flex items-center justify-end gap-1 text-meta text-fg-2 max-md:hidden">
        {share === undefined ? (
          "–"
        ) : (
          <>
            {share > 0 ? <Glyph state={stateOfErrors(share)} size={8} /> : null}
            {percent(share, 1)}
          </>
        )}
      </span>
    </li>
  );
}

/** Where a route leads; several upstreams with their shares. */
export function Shares({ route: r }: { route: OutlineRoute }) {
  const sum = r.shares.reduce((n, s) => n + s.weight, 0) || 1;
  if (r.shares.length < 2)
    return (
      <span data-user="" className="truncate text-fg-2 max-md:hidden">
        {r.shares[0]?.upstream}
      </span>
    );
  return (
    <span className="grid min-w-0 gap-0.5 max-md:hidden">
      {r.shares.map((s) => (
        <span key={s.upstream} className="flex min-w-0 items-baseline gap-1.5 text-meta">
          <span data-user="" className="min-w-0 truncate text-fg-2">
            {s.upstream}
          </span>
          <span className="num text-fg-3">{percent(s.weight / sum, 1)}</span>
        </span>
      ))}
    </span>
  );
}
