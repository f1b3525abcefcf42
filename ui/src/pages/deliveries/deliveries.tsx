import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { type DeliveryState, deliveryApi, deliveryListQuery, deliveryStates } from "@/api/deliveries";
import type { Delivery, DeliveryPage } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import type { DeliverySearch } from "@/app/search";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { bytes, compact } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Glyph, type State } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { Empty, explain, Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { ChannelIcon } from "../feedback/channel-icon";
import { DeliveryDialog } from "./delivery-dialog";
import { DeliveryFilters } from "./delivery-filters";

const route = getRouteApi("/app/launches/$launchId/deliveries");
const glyphs: Record<string, State> = {
  processed: "ok",
  dead: "critical",
  accepted: "watch",
  undone: "idle",
};

/** The inbound ledger: what arrived, as it came in, and what became of it. */
export default function Deliveries() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { delivery, ...filter } = search;
  const list = useInfiniteQuery(deliveryListQuery(launch.id, filter));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const counts = list.data?.pages[0]?.counts;
  const change = (next: DeliverySearch) => void navigate({ search: next, replace: true });
  return (
    <Page
      title={t("nav.deliveries")}
      note={t("deliveries.note")}
      actions={counts?.dead ? <ReplayDead launchId={launch.id} count={counts.dead} /> : null}
    >
      <StateTabs counts={counts} search={search} launchId={launch.id} />
      <DeliveryFilters search={search} channels={items.map((d) => d.channel)} onChange={change} />
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? (
        <Panel>
          <RowsSkeleton rows={8} />
        </Panel>
      ) : null}
      {list.data && items.length === 0 && (filter.channel || filter.state) ? (
        <Empty
          title={t("feedback.noneFiltered")}
          action={<Button onClick={() => change({})}>{t("filter.clear")}</Button>}
        />
      ) : null}
      {list.data && items.length === 0 && !filter.channel && !filter.state ? (
        <Empty
          title={t("deliveries.none")}
          action={
            <Link
              to="/launches/$launchId/send"
              params={{ launchId: launch.id }}
              className={buttonClass("primary")}
            >
              {t("send.title")}
            </Link>
          }
        >
          <p>{t("deliveries.noneText")}</p>
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <ul className="not-last:border-b">
            {items.map((d) => (
              <DeliveryRow key={d.id} delivery={d} onOpen={() => change({ ...search, delivery: d.id })} />
            ))}
          </ul>
        </Panel>
      ) : null}
      {list.hasNextPage ? (
        <Button
          className="self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
      {delivery ? <DeliveryDialog id={delivery} launchId={launch.id} onClose={() => change(filter)} /> : null}
    </Page>
  );
}

function StateTabs({
  counts,
  search,
  launchId,
}: {
  counts: DeliveryPage["counts"] | undefined;
  search: DeliverySearch;
  launchId: string;
}) {
  if (!counts) return null;
  const states = deliveryStates.filter((s) => counts[s]);
  const all = states.reduce((n, s) => n + (counts[s] ?? 0), 0);
  const tabs: { state?: DeliveryState; label: string; n: number }[] = [
    { label: t("tab.all"), n: all },
    ...states.map((state) => ({ state, label: word("deliveryState", state), n: counts[state] ?? 0 })),
  ];
  return (
    <nav
      aria-label={t("deliveries.states")}
      className="flex flex-none gap-4 overflow-x-auto border-line border-b"
    >
      {tabs.map((tab) => {
        const active = (search.state ?? "") === (tab.state ?? "");
        return (
          <Link
            key={tab.label}
            to="/launches/$launchId/deliveries"
            params={{ launchId }}
            search={{ ...search, state: tab.state }}
            activeProps={{}}
            aria-current={active ? "page" : undefined}
            className={cx(
              "-mb-px flex h-[30px] flex-none items-center gap-[5px] border-b-2 text-row font-medium",
              active ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
            )}
          >
            {tab.state ? <Glyph state={glyphs[tab.state] ?? "idle"} /> : null}
            {tab.label}
            <span className="num text-[11px] text-fg-3">{compact(tab.n)}</span>
          </Link>
        );
      })}
    </nav>
  );
}

function DeliveryRow({ delivery: d, onOpen }: { delivery: Delivery; onOpen: () => void }) {
  return (
    <li className="relative grid h-8 grid-cols-[96px_18px_minmax(0,1fr)_64px] items-center gap-x-3 border-line px-3 text-row not-first:border-t hover:bg-hover md:grid-cols-[110px_18px_110px_minmax(0,1fr)_72px_72px]">
      <span className="inline-flex items-center gap-1.5 text-fg-2">
        <Glyph state={glyphs[d.state] ?? "idle"} />
        {word("deliveryState", d.state)}
      </span>
      <ChannelIcon channel={d.channel} />
      <span className="truncate text-fg-2 max-md:hidden">{word("channel", d.channel)}</span>
      <button
        type="button"
        onClick={onOpen}
        className="min-w-0 truncate text-left after:absolute after:inset-0"
      >
        <span className="id">{d.natural_key || d.id}</span>
        {d.reason ? <span className="ml-2 text-critical">{d.reason}</span> : null}
      </button>
      <span className="num text-right text-meta text-fg-3 max-md:hidden">{bytes(d.size)}</span>
      <span className="text-right text-meta text-fg-3">
        <Time at={d.received_at} />
      </span>
    </li>
  );
}

function ReplayDead({ launchId, count }: { launchId: string; count: number }) {
  const cache = useQueryClient();
  const replay = useMutation({
    mutationFn: () => deliveryApi.replayDead(launchId),
    onSuccess: (r) => {
      toasts.show(t("toast.replayed", { count: r.count }));
      return cache.invalidateQueries({ queryKey: ["delivery-list"] });
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return (
    <Button icon={RotateCcw} disabled={replay.isPending} onClick={() => replay.mutate()}>
      {t("deliveries.replayDead", { count })}
    </Button>
  );
}
