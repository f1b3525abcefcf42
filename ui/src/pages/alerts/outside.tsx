import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRowKeys } from "@/actions/use-row-keys";
import { alertGroupsQuery } from "@/api/alert-groups";
import type { AlertGroup } from "@/api/types";
import { type AlertsSearch, outsideStates } from "@/app/search";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Severity } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { ChannelIcon } from "../feedback/channel-icon";
import { GroupState } from "./group-state";

const columns =
  "grid grid-cols-[64px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[64px_minmax(0,1fr)_110px_104px_120px]";

/** Alerts of other systems: what belongs together is one line, however many alerts it has. */
export function Outside({ search }: { search: AlertsSearch }) {
  const list = useInfiniteQuery(alertGroupsQuery(search.state));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  useRowKeys(items.length);
  return (
    <>
      <nav aria-label={t("outside.filter")} className="flex gap-1.5">
        {([undefined, ...outsideStates] as const).map((state) => (
          <Link
            key={state ?? "all"}
            to="/gateway/alerts"
            search={{ tab: "outside", state }}
            aria-current={state === search.state ? "true" : undefined}
            className={cx(
              "inline-flex h-7 items-center rounded-2 border px-2.5 text-dense font-medium pointer-coarse:h-10",
              state === search.state ? "border-accent bg-selected" : "border-line hover:border-line-strong",
            )}
          >
            {word("outsideState", state ?? "all")}
          </Link>
        ))}
      </nav>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? (
        <Panel>
          <RowsSkeleton rows={6} height={44} />
        </Panel>
      ) : null}
      {list.data && items.length === 0 ? (
        <Empty title={t("outside.none")}>
          <p>{t("outside.noneText")}</p>
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <ul aria-label={t("outside.list")}>
            {items.map((g) => (
              <Row key={g.id} group={g} search={search} />
            ))}
          </ul>
        </Panel>
      ) : null}
      {list.hasNextPage ? (
        <Button
          className="justify-self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
    </>
  );
}

function Row({ group: g, search }: { group: AlertGroup; search: AlertsSearch }) {
  const current = search.alert === g.id;
  return (
    <li
      className={cx(
        columns,
        "relative min-h-11 border-line py-1 text-row not-first:border-t hover:bg-hover",
        current && "bg-selected hover:bg-selected",
      )}
    >
      <Severity level={g.severity} />
      <span data-user="" className="min-w-0">
        <Link
          to="/gateway/alerts"
          search={{ ...search, alert: g.id }}
          replace
          data-list-row=""
          aria-current={current ? "true" : undefined}
          className="block truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {g.title}
        </Link>
        <span className="flex items-center gap-1.5 text-meta text-fg-2">
          <ChannelIcon channel={g.kind} />
          <span className="truncate">{g.service}</span>
        </span>
      </span>
      <span className="max-md:hidden">
        <GroupState state={g.state} />
      </span>
      <span className="num text-right text-meta text-fg-2 max-md:hidden">
        {t("outside.count", { open: number(g.open), total: number(g.total) })}
      </span>
      <span className="text-right text-meta text-fg-2">
        <Time at={g.started_at} relative />
      </span>
    </li>
  );
}
