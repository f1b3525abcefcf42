import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { feedbackFacetsQuery, feedbackListQuery } from "@/api/feedback";
import { activeFilters, type FeedbackSearch } from "@/api/filter";
import { useNewsRead } from "@/live/news";

/** Rows, counts and totals of the list for one search. */
export function useInboxData(launchId: string, search: FeedbackSearch) {
  const cache = useQueryClient();
  const { item: _, timeline: _timeline, ...filter } = search;
  const list = useInfiniteQuery({
    ...feedbackListQuery(launchId, filter),
    // Rows never move under the hands: only the reader asks for new ones.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  // The order changes nothing in the counts.
  const { sort: _sort, ...counted } = filter;
  const facets = useQuery(feedbackFacetsQuery(launchId, counted));

  const items = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const reload = useCallback(() => {
    void cache.resetQueries({ queryKey: ["feedback-list", launchId] });
    void cache.invalidateQueries({ queryKey: ["feedback-facets", launchId] });
  }, [cache, launchId]);

  useNewsRead("feedback-list", launchId, list.isFetching && !isFetchingNextPage);

  return {
    items,
    total: facets.data?.total,
    facets: facets.data?.facets,
    tabs: facets.data?.tabs,
    pace: facets.data?.pace,
    filter,
    pending: list.isPending,
    error: list.error,
    filtered: activeFilters(filter) > 0 || Boolean(filter.q),
    more,
    reload,
  };
}

export type InboxData = ReturnType<typeof useInboxData>;
