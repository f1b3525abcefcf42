import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { useCallback, useState } from "react";
import { callHeatmapQuery, callHistogramQuery, callPayloadQuery, callsFilter, usualRange } from "@/api/calls";
import { ApiError } from "@/api/error";
import { gatewayStateQuery, outlineQuery } from "@/api/gateway";
import type { Call, CallPayload } from "@/api/types";
import { Page } from "@/app/page";
import type { CallsSearch } from "@/app/search";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { Empty, explain, Failure, RowsSkeleton } from "@/ui/states";
import { FirstApi, gatewayAddress, NoGateway } from "../gateway/first-api";
import { callSnippet } from "../gateway/samples";
import { CallDrawer } from "./call-drawer";
import { CallRows } from "./call-rows";
import type { CellName } from "./columns";
import { curlOf } from "./curl";
import { Heatmap, type Part } from "./heatmap";
import { Histogram } from "./histogram";
import { latencyHeads, latencyTokens, withOnly, withToken, wrongAt } from "./query";
import { QueryField } from "./query-field";
import { Toolbar } from "./toolbar";
import { useCallActions } from "./use-call-actions";
import { type Tail, useCalls } from "./use-calls";

const route = getRouteApi("/app/gateway/calls");

/** Bars and columns of the charts. */
const buckets = 80;

/** Every call of the gateway: searched, charted, followed as it comes, opened. */
export default function Calls() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const cache = useQueryClient();
  const filter = callsFilter(search);
  const [top, setTop] = useState(true);
  const [cursor, setCursor] = useState(-1);
  const [cell, setCell] = useState<CellName>("status");
  const calls = useCalls(filter, !top || search.call !== undefined);
  const { list, rows, tail } = calls;
  const state = useQuery(gatewayStateQuery).data;
  const ok = list.isSuccess;

  const change = (next: CallsSearch) => {
    setCursor(-1);
    void navigate({ search: next });
  };
  const filterBy = (token: string) => change({ ...search, call: undefined, q: withToken(search.q, token) });
  const show = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, call: id }), replace: true });

  const openAt = rows.findIndex((c) => c.id === search.call);
  const here: Call | undefined = rows[search.call && openAt >= 0 ? openAt : cursor];
  const step = (by: 1 | -1) => {
    const from = cursor >= 0 ? cursor : openAt >= 0 ? openAt : by > 0 ? -1 : 1;
    const next = Math.min(rows.length - 1, Math.max(0, from + by));
    setCursor(next);
    // An open call follows the cursor.
    if (search.call) show(rows[next]?.id);
  };
  const showNew = () => {
    tail.show();
    setCursor(-1);
    document.getElementById("calls-top")?.scrollIntoView({ block: "end" });
  };
  const copyCurl = async (c: Call) => {
    const payload = cache.getQueryData<CallPayload>(callPayloadQuery(c.id).queryKey);
    try {
      await navigator.clipboard.writeText(curlOf(c, gatewayAddress(state?.url), payload));
      toasts.show(t("toast.curlCopied"));
    } catch (e) {
      toasts.show(e instanceof DOMException ? t("error.clipboard") : explain(e), { tone: "error" });
    }
  };
  useCallActions({
    count: rows.length,
    here,
    cell,
    open: search.call !== undefined,
    canPause: tail.can,
    paused: tail.paused,
    waiting: tail.waiting,
    onStep: step,
    onCell: setCell,
    onFilter: filterBy,
    onPause: () => tail.pause(!tail.paused),
    onShow: showNew,
    onOpen: (c) => show(c.id),
    onCurl: (c) => void copyCurl(c),
    onClose: () => show(undefined),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !calls.gap) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, calls.gap]);
  const onFocus = useCallback((index: number, name: CellName | undefined) => {
    setCursor(index);
    if (name) setCell(name);
  }, []);
  const wrong = list.error instanceof ApiError ? wrongAt(list.error.fields[0]?.location ?? "") : undefined;
  const filtered = Boolean(search.q);

  return (
    <Page
      wide
      title={t("nav.calls")}
      note={<LogNote state={state} />}
      drawer={
        search.call ? (
          <CallDrawer
            id={search.call}
            known={rows[openAt]}
            onFilter={filterBy}
            onClose={() => show(undefined)}
          />
        ) : null
      }
    >
      <div className="flex flex-wrap items-start gap-2">
        <QueryField
          q={search.q ?? ""}
          filter={filter}
          wrong={wrong}
          onChange={(q) => change({ ...search, call: undefined, q })}
        />
        <Toolbar search={search} tail={tail} onChange={change} />
      </div>
      {list.error ? (
        wrong || (list.error instanceof ApiError && list.error.status === 422) ? (
          <p role="alert" className="rounded-2 bg-critical-soft px-3 py-2 text-dense text-critical">
            {explain(list.error)}
          </p>
        ) : (
          <Failure error={list.error} onRetry={() => void list.refetch()} />
        )
      ) : null}
      {ok ? (
        <Charts
          filter={filter}
          live={tail.can && !tail.paused && tail.connected}
          onTime={(from, to) => change({ q: search.q, from, to })}
          onPart={(p) =>
            change({
              q: withOnly(search.q, latencyTokens(p.low, p.high), latencyHeads),
              from: p.from,
              to: p.to,
            })
          }
        />
      ) : null}
      <div id="calls-top" className="relative grid">
        {list.isPending ? (
          <Panel>
            <RowsSkeleton rows={10} height={28} />
          </Panel>
        ) : null}
        <NewCalls tail={tail} still={!top || search.call !== undefined} onShow={showNew} />
        {ok && rows.length === 0 ? (
          <Nothing
            filtered={filtered}
            fixed={filter.to !== undefined}
            range={search.range ?? usualRange}
            onClear={() => change({ range: search.range })}
            onWider={() => change({ q: search.q, range: "30d" })}
          />
        ) : null}
        {rows.length ? (
          <CallRows
            rows={rows}
            openId={search.call}
            cursor={cursor}
            cell={cell}
            narrow={search.call !== undefined}
            cameAt={tail.cameAt}
            onFocus={onFocus}
            onTop={setTop}
            onEnd={more}
          />
        ) : null}
      </div>
      {calls.gap ? (
        <Button className="self-center" onClick={calls.reload}>
          {t("calls.older")}
        </Button>
      ) : null}
      {list.data?.pages.at(-1)?.complete === false ? (
        <p className="text-center text-meta text-fg-3">{t("calls.incomplete")}</p>
      ) : null}
    </Page>
  );
}

/** What is wrong with the log, or how much it keeps. */
function LogNote({
  state,
}: {
  state: { call_log: { on: boolean; trouble?: string; calls: number } } | undefined;
}) {
  if (!state) return null;
  if (!state.call_log.on) return t("calls.logOff");
  if (state.call_log.trouble) return <span className="text-critical">{state.call_log.trouble}</span>;
  return t("calls.note", { count: number(state.call_log.calls) });
}

function Charts({
  filter,
  live,
  onTime,
  onPart,
}: {
  filter: ReturnType<typeof callsFilter>;
  live: boolean;
  onTime: (from: string, to: string) => void;
  onPart: (part: Part) => void;
}) {
  const refetchInterval = live ? 5_000 : false;
  const histogram = useQuery({ ...callHistogramQuery(filter, buckets), refetchInterval });
  const heatmap = useQuery({ ...callHeatmapQuery(filter, buckets), refetchInterval });
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      {histogram.data ? (
        <Histogram data={histogram.data} onPick={onTime} />
      ) : (
        <div className="h-34 rounded-3 border border-line bg-surface" />
      )}
      {heatmap.data ? (
        <Heatmap data={heatmap.data} onPick={onPart} />
      ) : (
        <div className="h-34 rounded-3 border border-line bg-surface" />
      )}
    </div>
  );
}

/** Calls that came and are not shown, because something is being read: a press shows them. */
function NewCalls({ tail, still, onShow }: { tail: Tail; still: boolean; onShow: () => void }) {
  return (
    <div role="status" className="pointer-events-none sticky top-2 z-20 h-0 text-center">
      {tail.waiting > 0 && (still || tail.paused) ? (
        <button
          type="button"
          onClick={onShow}
          className="appear pointer-events-auto mt-2 inline-flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-dense font-medium text-accent-fg shadow-float hover:bg-accent-hover pointer-coarse:h-10"
        >
          <Icon of={ArrowUp} size={13} />
          {t("calls.new", { count: tail.waiting })}
        </button>
      ) : null}
    </div>
  );
}

function Nothing({
  filtered,
  fixed,
  range,
  onClear,
  onWider,
}: {
  filtered: boolean;
  fixed: boolean;
  range: NonNullable<CallsSearch["range"]>;
  onClear: () => void;
  onWider: () => void;
}) {
  const outline = useQuery(outlineQuery).data;
  const state = useQuery(gatewayStateQuery).data;
  if (!filtered && outline?.number === 0) return <FirstApi />;
  return (
    <Empty
      title={t(filtered ? "calls.noneFiltered" : fixed ? "calls.noneThen" : "calls.none", {
        range: t(`calls.range.${range}`),
      })}
      action={
        <>
          {filtered ? <Button onClick={onClear}>{t("filter.clear")}</Button> : null}
          {fixed || range !== "30d" ? <Button onClick={onWider}>{t("calls.wider")}</Button> : null}
        </>
      }
    >
      {filtered || fixed ? null : state?.url === "" ? (
        <NoGateway />
      ) : (
        <>
          <p>{t("calls.noneText")}</p>
          <Snippet label={t("first.curl")} text={callSnippet(gatewayAddress(state?.url), "/")} />
        </>
      )}
    </Empty>
  );
}
