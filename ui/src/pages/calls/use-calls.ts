import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { type CallsFilter, callListQuery, tailPath } from "@/api/calls";
import type { Call } from "@/api/types";
import { came, merge, nothingCame, ringSize } from "./ring";

interface Batch {
  items: Call[];
  skipped: number;
}

export interface Tail {
  /** Calls of the filter can still come: it has no end. */
  can: boolean;
  connected: boolean;
  paused: boolean;
  /** Calls that came and wait to be shown. */
  waiting: number;
  /** Calls that were not told because there were too many to follow; they are in the list. */
  skipped: number;
  pause: (on: boolean) => void;
  /** Shows what waits. */
  show: () => void;
  /** When a call of the tail came, in ms since the page was opened; undefined for others. */
  cameAt: (id: string) => number | undefined;
}

/** How many of those before the tail may tell again, so that none falls between it and the list. */
const backlog = 200;

/**
 * The calls of a filter: pages of the list, and on top of them what comes by the tail. While `still` is true
 * nothing is put in, so that nothing moves under the eyes; it waits, and is counted.
 */
export function useCalls(filter: CallsFilter, still: boolean) {
  const list = useInfiniteQuery(callListQuery(filter));
  const can = filter.to === undefined;
  const [paused, pause] = useState(false);
  const [news, tell] = useReducer(came, nothingCame);
  const arrived = useRef(new Map<string, number>());
  const pages = list.data?.pages;
  const older = useMemo(() => pages?.flatMap((p) => p.items) ?? [], [pages]);
  const ids = useMemo(() => new Set(older.map((c) => c.id)), [older]);

  // Another filter is another list.
  const key = JSON.stringify(filter);
  const [of, setOf] = useState(key);
  if (of !== key) {
    setOf(key);
    tell({ do: "forget" });
  }

  const flowing = !still && !paused;
  const now = useRef({ flowing, ids });
  useEffect(() => {
    now.current = { flowing, ids };
  });
  const known = useCallback((id: string) => now.current.ids.has(id), []);
  const take = useCallback(
    ({ items, skipped }: Batch) => {
      const at = performance.now();
      if (arrived.current.size > 4 * ringSize) arrived.current.clear();
      for (const c of items) arrived.current.set(c.id, at);
      tell({ do: "take", calls: items, skipped, still: !now.current.flowing, known });
    },
    [known],
  );
  const connected = useTail(can && list.isSuccess, filter.q, take);
  const show = useCallback(() => tell({ do: "show", known }), [known]);
  useEffect(() => {
    if (flowing) show();
  }, [flowing, show]);

  // The list may have been read again behind calls that the tail told: each stands once. When so many came
  // that the ring could not keep them, what is below it would be beyond a gap: it is asked for anew instead.
  const { shown, held } = news;
  const goesOn = list.hasNextPage;
  const rows = useMemo(() => {
    if (shown.calls.length === 0) return older;
    const fresh = shown.calls.filter((c) => !ids.has(c.id));
    return shown.over ? fresh : merge(fresh, older, goesOn);
  }, [shown, older, ids, goesOn]);

  const { refetch } = list;
  const cache = useQueryClient();
  /** Begins anew at the top: pages that were read on the way down are not read again. */
  const reload = () => {
    cache.setQueryData(
      callListQuery(filter).queryKey,
      (d) => d && { pages: d.pages.slice(0, 1), pageParams: d.pageParams.slice(0, 1) },
    );
    void refetch().then(() => tell({ do: "forget" }));
  };
  const tail: Tail = {
    can,
    connected,
    paused,
    waiting: held.calls.filter((c) => !ids.has(c.id)).length,
    skipped: news.skipped,
    pause,
    show,
    cameAt: (id) => arrived.current.get(id),
  };
  return {
    list,
    rows,
    tail,
    /** Rows end at a gap: older calls are to be asked for anew. */
    gap: shown.over,
    reload,
  };
}

const retryAfter = 4_000;

/** Follows calls while the page is looked at; answers whether the line is there. */
function useTail(enabled: boolean, q: string | undefined, onBatch: (batch: Batch) => void): boolean {
  const [connected, setConnected] = useState(false);
  useEffect(() => {
    if (!enabled) return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const close = () => {
      clearTimeout(timer);
      source?.close();
      source = undefined;
      setConnected(false);
    };
    const open = () => {
      close();
      if (document.visibilityState === "hidden") return;
      const mine = new EventSource(tailPath(q, backlog));
      source = mine;
      mine.addEventListener("hello", () => setConnected(true));
      mine.addEventListener("calls", (e) => onBatch(JSON.parse(e.data) as Batch));
      mine.onerror = () => {
        setConnected(false);
        // An answer that is no stream: too many follow, or the server is going down.
        if (mine.readyState === EventSource.CLOSED) timer = setTimeout(open, retryAfter);
      };
    };
    document.addEventListener("visibilitychange", open);
    open();
    return () => {
      document.removeEventListener("visibilitychange", open);
      close();
    };
  }, [enabled, q, onBatch]);
  return connected;
}
