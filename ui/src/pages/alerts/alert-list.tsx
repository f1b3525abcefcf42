import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRowKeys } from "@/actions/use-row-keys";
import { alertsQuery } from "@/api/alerts";
import type { Alert } from "@/api/types";
import type { AlertsSearch } from "@/app/search";
import { t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { AlertDrawer } from "./alert-drawer";
import { AlertState, ownLabels, sentenceOf } from "./alert-state";

const columns =
  "grid grid-cols-[88px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[88px_minmax(0,2fr)_minmax(0,3fr)_120px]";

/** Alerts that are active, or those that have ended. */
export function AlertList({ past, search }: { past: boolean; search: AlertsSearch }) {
  const list = useInfiniteQuery(alertsQuery(past ? "resolved" : undefined));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  useRowKeys(items.length);
  return (
    <>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? (
        <Panel>
          <RowsSkeleton rows={6} height={44} />
        </Panel>
      ) : null}
      {list.data && items.length === 0 ? (
        <Empty
          title={t(past ? "alerts.noneEnded" : "alerts.none")}
          action={
            <Link to="/gateway/alerts" search={{ tab: "rules" }} className={buttonClass()}>
              {t("alerts.toRules")}
            </Link>
          }
        >
          <p>{t(past ? "alerts.noneEndedText" : "alerts.noneText")}</p>
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <ul aria-label={t("nav.alerts")}>
            {items.map((a) => (
              <Row key={a.id} alert={a} search={search} />
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

function Row({ alert, search }: { alert: Alert; search: AlertsSearch }) {
  const current = search.alert === alert.id;
  return (
    <li
      className={cx(
        columns,
        "relative min-h-11 border-line py-1 text-row not-first:border-t hover:bg-hover",
        current && "bg-selected hover:bg-selected",
      )}
    >
      <AlertState state={alert.state} />
      <span data-user="" className="min-w-0">
        <Link
          to="/gateway/alerts"
          search={{ ...search, alert: alert.id }}
          replace
          data-list-row=""
          aria-current={current ? "true" : undefined}
          className="block truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {alert.rule}
        </Link>
        <span className="block truncate text-meta text-fg-2">{sentenceOf(alert)}</span>
      </span>
      <span className="flex min-w-0 gap-1.5 overflow-hidden max-md:hidden">
        {ownLabels(alert).map(([name, value]) => (
          <Tag key={name} user>
            {name}={value}
          </Tag>
        ))}
      </span>
      <span className="text-right text-meta text-fg-2">
        <Time at={alert.resolved_at ?? alert.fired_at ?? alert.active_at} relative />
      </span>
    </li>
  );
}

/** The alert that is open, when it is on the page. */
export function OpenAlert({ past, id, onClose }: { past: boolean; id: string; onClose: () => void }) {
  const list = useInfiniteQuery(alertsQuery(past ? "resolved" : undefined));
  const found = list.data?.pages.flatMap((p) => p.items).find((a) => a.id === id);
  return found ? <AlertDrawer alert={found} onClose={onClose} /> : null;
}
