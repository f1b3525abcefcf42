import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { feedbackApi, feedbackQuery, relatedQuery } from "@/api/feedback";
import { type FeedbackSearch, onTab } from "@/api/filter";
import type { Feedback } from "@/api/types";
import { useLaunch, useMe } from "@/app/launch";
import { useTitle } from "@/app/title";
import { toasts } from "@/app/toasts";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { failedPart } from "@/ui/failed-part";
import { part } from "@/ui/part";
import { CardsSkeleton, explain, Failure } from "@/ui/states";
import { useMovedLeaves } from "../shared/moved";
import { NewsPill } from "../shared/news-pill";
import { BulkBar } from "./bulk-bar";
import { FeedbackDetail } from "./feedback-detail";
import { FeedbackList } from "./feedback-list";
import { FilterChips } from "./filter-chips";
import type { Asking } from "./inbox-dialogs";
import { EmptyInbox } from "./inbox-parts";
import { ListHead, SortLine } from "./list-head";
import { rowHeights } from "./list-row";
import { markRead } from "./read-marks";
import { useInboxActions } from "./use-inbox-actions";
import { useInboxData } from "./use-inbox-data";
import { useMarks } from "./use-marks";
import { useVerbs } from "./verbs";

/** What is asked is asked rarely, so its code comes when it is. */
const dialogsPart = part(() => import("./inbox-dialogs"));

const route = getRouteApi("/app/launches/$launchId/feedback");

/** Queue, item, facts: everything that came in, one after the other. */
export default function Inbox() {
  const launch = useLaunch();
  const me = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const data = useInboxData(launch.id, search);
  const marks = useMarks(data.items);
  const verbs = useVerbs(launch.id, launch.time_zone);
  const { density } = usePrefs();
  const [filterOpen, setFilterOpen] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const dialogs = dialogsPart.use(asking !== undefined, (why) => {
    setAsking(undefined);
    failedPart(why);
  });
  const searchField = useRef<HTMLInputElement>(null);
  const tab = search.tab ?? "triage";
  useTitle(t("nav.inbox"));

  const change = (next: FeedbackSearch) => {
    marks.clear();
    void navigate({ search: next, replace: true });
  };
  const open = (id: string | undefined) =>
    void navigate({ search: (s) => ({ ...s, item: id }), replace: Boolean(search.item) });

  // Without a choice the first of the queue is open, on screens that have room for it.
  const currentId = search.item ?? data.items[0]?.id;
  const at = data.items.findIndex((i) => i.id === currentId);
  const next = (ids: string[]) => {
    const gone = new Set(ids);
    const after = data.items.slice(Math.max(0, at)).find((i) => !gone.has(i.id));
    return (after ?? data.items.slice(0, Math.max(0, at)).findLast((i) => !gone.has(i.id)))?.id;
  };
  /** If the open item leaves the tab by what is done, the next one is open at once. */
  const act = (ids: string[], becomes: Partial<Feedback>, run: () => Promise<void>) => {
    const row = data.items[at];
    if (row && ids.includes(row.id) && !onTab({ ...row, ...becomes }, tab, me.id)) open(next(ids));
    marks.clear();
    void run();
  };
  const markAll = async () => {
    try {
      marks.put((await feedbackApi.ids(launch.id, data.filter)).ids);
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
  };

  useEffect(() => {
    if (currentId) markRead(currentId);
  }, [currentId]);
  usePrefetch(data.items[at + 1]?.id);
  useMovedLeaves(launch.id, currentId, search.tab === "all");
  useInboxActions({
    data,
    at,
    marks,
    verbs,
    open,
    act,
    ask: setAsking,
    markAll: () => void markAll(),
    openFilter: () => setFilterOpen(true),
    searchField,
  });

  return (
    <main className={cx("grid", "md:grid-cols-[340px_minmax(0,1fr)] xl:grid-cols-[384px_minmax(0,1fr)]")}>
      <section
        aria-label={t("feedback.list")}
        className={cx(
          "relative flex min-h-0 min-w-0 flex-col border-line border-r bg-surface",
          search.item && "max-md:hidden",
        )}
      >
        <ListHead
          launchId={launch.id}
          search={search}
          facets={data.facets}
          tabs={data.tabs}
          filterOpen={filterOpen}
          onFilterOpen={setFilterOpen}
          searchField={searchField}
          onChange={change}
        />
        <SortLine search={search} total={data.total} pace={data.pace} onChange={change} />
        <FilterChips search={search} onChange={change} />
        <div className="relative flex min-h-0 flex-1 flex-col overflow-y-auto">
          <NewsPill list="feedback-list" launchId={launch.id} onShow={data.reload} />
          {data.error ? <Failure error={data.error} onRetry={data.reload} /> : null}
          {data.pending ? <CardsSkeleton rows={9} height={rowHeights[density]} /> : null}
          {!data.pending && !data.error && data.items.length === 0 ? (
            <EmptyInbox
              launch={launch}
              filtered={data.filtered}
              tab={tab}
              onClear={() => change({ tab: search.tab })}
            />
          ) : (
            <FeedbackList
              items={data.items}
              total={data.total}
              launchId={launch.id}
              currentId={currentId}
              marked={marks.ids}
              staying={search.tab === "all"}
              onMark={marks.toggle}
              onEnd={data.more}
            />
          )}
        </div>
        <BulkBar count={marks.ids.size} total={data.total} onClear={marks.clear} />
      </section>
      {currentId ? (
        <div className={cx("min-h-0 min-w-0", !search.item && "max-md:hidden")}>
          {search.item ? <h1 className="sr-only md:hidden">{t("nav.inbox")}</h1> : null}
          <FeedbackDetail
            key={currentId}
            id={currentId}
            row={data.items[at]}
            launchId={launch.id}
            place={at >= 0 ? { at: at + 1, of: data.total ?? data.items.length } : undefined}
            selecting={marks.ids.size > 0}
            onStep={(step) => open(data.items[at + step]?.id ?? currentId)}
            onBack={() => open(undefined)}
            onAct={act}
            onLater={() => setAsking({ what: "later", ids: [currentId] })}
            verbs={verbs}
          />
        </div>
      ) : null}
      {dialogs ? (
        <dialogs.InboxDialogs
          asking={asking}
          launchId={launch.id}
          onClose={() => setAsking(undefined)}
          onLater={(ids, until) => act(ids, { snoozed_until: until }, () => verbs.snooze(ids, until))}
          onJoin={(ids, issueId) =>
            act(ids, { state: "accepted" }, () => verbs.acceptMany(ids, false, issueId))
          }
          onChange={(ids, patch) => act(ids, {}, () => verbs.correctMany(ids, patch))}
        />
      ) : null}
    </main>
  );
}

/** The next one is there before it is asked for, so that moving on never waits. */
function usePrefetch(id: string | undefined) {
  const cache = useQueryClient();
  useEffect(() => {
    if (!id) return;
    const timer = setTimeout(() => {
      void cache.prefetchQuery({ ...feedbackQuery(id), staleTime: 30_000 });
      void cache.prefetchQuery({ ...relatedQuery(id), staleTime: 30_000 });
    }, 150);
    return () => clearTimeout(timer);
  }, [cache, id]);
}
