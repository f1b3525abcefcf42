import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { FeedbackSearch } from "@/api/filter";
import { useLaunch } from "@/app/launch";
import { useTitle } from "@/app/title";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { Failure, Skeleton } from "@/ui/states";
import { useMovedLeaves } from "../shared/moved";
import { NewsPill } from "../shared/news-pill";
import { BulkBar } from "./bulk-bar";
import { FeedbackDetail } from "./feedback-detail";
import { FeedbackList } from "./feedback-list";
import { FilterChips } from "./filter-chips";
import { EmptyInbox } from "./inbox-parts";
import { ListHead, SortLine } from "./list-head";
import { markRead } from "./read-marks";
import { useInboxActions } from "./use-inbox-actions";
import { useInboxData } from "./use-inbox-data";
import { useMarks } from "./use-marks";
import { useVerbs } from "./verbs";

const route = getRouteApi("/app/launches/$launchId/feedback");

/** Queue, item, facts: everything that came in, one after the other. */
export default function Inbox() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const data = useInboxData(launch.id, search);
  const marks = useMarks(data.items);
  const verbs = useVerbs(launch.id);
  const [filterOpen, setFilterOpen] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
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
  /** The item that was acted on leaves, and the next one is open at once. */
  const leave = (ids: string[], act: () => Promise<void>) => {
    if (search.tab !== "all" && currentId && ids.includes(currentId)) open(next(ids));
    marks.clear();
    void act();
  };

  useEffect(() => {
    if (currentId) markRead(currentId);
  }, [currentId]);
  useMovedLeaves(launch.id, currentId, search.tab === "all");
  useInboxActions({
    data,
    at,
    marks,
    verbs,
    open,
    leave,
    openFilter: () => setFilterOpen(true),
    searchField,
  });

  const filtered = data.filtered;
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
          states={data.states}
          filterOpen={filterOpen}
          onFilterOpen={setFilterOpen}
          searchField={searchField}
          onChange={change}
        />
        <SortLine search={search} total={data.total} onChange={change} />
        <FilterChips search={search} onChange={change} />
        <div className="relative flex min-h-0 flex-1 flex-col overflow-y-auto">
          <NewsPill list="feedback-list" launchId={launch.id} onShow={data.reload} />
          {data.error ? <Failure error={data.error} onRetry={data.reload} /> : null}
          {data.pending ? <Skeleton rows={12} /> : null}
          {!data.pending && !data.error && data.items.length === 0 ? (
            <EmptyInbox
              launch={launch}
              filtered={filtered}
              tab={search.tab ?? "triage"}
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
        <BulkBar
          count={marks.ids.size}
          onAccept={() => leave([...marks.ids], () => verbs.acceptMany([...marks.ids], false))}
          onGroup={() => leave([...marks.ids], () => verbs.acceptMany([...marks.ids], true))}
          onIgnore={() => leave([...marks.ids], () => verbs.ignore([...marks.ids]))}
          onClear={marks.clear}
        />
      </section>
      {currentId ? (
        <div className={cx("min-h-0 min-w-0", !search.item && "max-md:hidden")}>
          <FeedbackDetail
            key={currentId}
            id={currentId}
            row={data.items[at]}
            launchId={launch.id}
            place={at >= 0 ? { at: at + 1, of: data.total ?? data.items.length } : undefined}
            onStep={(step) => open(data.items[at + step]?.id ?? currentId)}
            onBack={() => open(undefined)}
            onAct={leave}
            verbs={verbs}
          />
        </div>
      ) : null}
    </main>
  );
}
