import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Feedback, FeedbackPage } from "@/api/types";
import type { EventType, LiveEvent } from "./events";

/** How many feedback arrived since the list of a launch was last read: drawn as a pill, never inserted. */
export const arrivedKey = (launch: string) => ["arrived", launch] as const;

/**
 * Brings events into the cache. They are gathered and dealt with once a second: an import makes thousands,
 * and none of them alone may cause a request. Answers how to stop.
 */
export function followEvents(cache: QueryClient) {
  let waiting: LiveEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const events = waiting;
    waiting = [];
    apply(cache, events);
  };
  return {
    push(event: LiveEvent) {
      waiting.push(event);
      timer ??= setTimeout(flush, waiting.length > 50 ? 1000 : 150);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/** What is counted over everything is read again once a second at most, however many events come. */
const calm = 1000;
const counted = new WeakMap<QueryClient, ReturnType<typeof setTimeout>>();
function countAgain(cache: QueryClient): void {
  if (counted.has(cache)) return;
  const again = setTimeout(() => {
    counted.delete(cache);
    for (const key of ["pulse", "activity"]) {
      // What was, as of the past, stays as it is.
      void cache.invalidateQueries({ predicate: (q) => q.queryKey[0] === key && q.queryKey[2] === "now" });
    }
  }, calm);
  counted.set(cache, again);
}
const countedTypes = /^(feedback|issue)\.|^launch\.updated/;

const slowKeys = ["feedback-facets", "proposals", "accuracy", "decision-list"];

export function apply(cache: QueryClient, events: LiveEvent[]): void {
  const stale = (key: readonly unknown[]) => void cache.invalidateQueries({ queryKey: key });
  const created = new Map<string, number>();
  const seen = new Set<string>();
  for (const e of events) {
    const mark = `${e.type} ${e.id}`;
    if (e.type === "feedback.created" && e.launch_id) {
      const n = e.count ?? 1;
      created.set(e.launch_id, (created.get(e.launch_id) ?? 0) + n);
    }
    if (seen.has(mark)) continue;
    seen.add(mark);
    if (e.type === "feedback.updated") {
      // Several at once carry no id: what is open is read again, the list waits for its reader.
      const one = e.id ? [e.id] : [];
      for (const key of ["feedback", "feedback-related", "feedback-decisions"]) stale([key, ...one]);
    } else if (e.type === "issue.updated") {
      for (const key of ["issue", "issue-history", "issue-feedback", "issue-reporters"]) stale([key]);
    } else if (e.type === "import.progress" && e.id) stale(["import", e.id]);
  }
  for (const [launch, n] of created) {
    cache.setQueryData<number>([...arrivedKey(launch)], (before = 0) => before + n);
  }
  const types = new Set(events.map((e) => e.type));
  if (events.some((e) => countedTypes.test(e.type))) countAgain(cache);
  if (types.has("issue.created") || types.has("issue.updated")) stale(["issue-list"]);
  if (types.has("delivery.updated")) stale(["delivery-list"]);
  if (types.has("rule.updated")) stale(["rules"]);
  if (types.has("proposals.updated")) stale(["proposals"]);
  if (types.has("feedback.deleted")) stale(["feedback-list"]);
  if (types.has("launch.created")) stale(["launches"]);
  if (types.has("import.progress")) stale(["imports"]);
  if (
    ["feedback.created", "feedback.updated", "feedback.deleted", "launch.updated"].some((x) =>
      types.has(x as EventType),
    )
  ) {
    stale(["launch"]);
    stale(["launches"]);
    for (const key of slowKeys) stale([key]);
  }
}

/** Puts a changed feedback into every list that shows it, in place. */
export function patchRows(cache: QueryClient, changed: Pick<Feedback, "id"> & Partial<Feedback>): void {
  cache.setQueriesData<InfiniteData<FeedbackPage>>({ queryKey: ["feedback-list"] }, (data) => {
    if (!data?.pages.some((p) => p.items.some((i) => i.id === changed.id))) return data;
    return {
      ...data,
      pages: data.pages.map((p) => ({
        ...p,
        items: p.items.map((i) => (i.id === changed.id ? { ...i, ...changed } : i)),
      })),
    };
  });
  cache.setQueryData<Feedback>(["feedback", changed.id], (f) => (f ? { ...f, ...changed } : f));
}

/** Takes rows out of the lists of one launch; answers how to put everything back as it was. */
export function removeRows(cache: QueryClient, launch: string, ids: string[]): () => void {
  const gone = new Set(ids);
  const before = cache.getQueriesData<InfiniteData<FeedbackPage>>({ queryKey: ["feedback-list", launch] });
  for (const [key] of before) {
    const filter = key[2] as { tab?: string } | undefined;
    if (filter?.tab === "all") continue;
    cache.setQueryData<InfiniteData<FeedbackPage>>(key, (data) =>
      data
        ? {
            ...data,
            pages: data.pages.map((p) => ({ ...p, items: p.items.filter((i) => !gone.has(i.id)) })),
          }
        : data,
    );
  }
  return () => {
    for (const [key, data] of before) cache.setQueryData(key, data);
  };
}
