import { useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { IssueFilter, IssueGroup } from "@/api/issue-filter";
import { issueFacetsQuery, issueListQuery, issuePartQuery } from "@/api/issues";
import type { Facets, Issue } from "@/api/types";
import { useNewsRead } from "@/live/news";
import { useFacetLabel } from "./issue-filter-bar";
import type { Line } from "./issue-rows";

/** The values that head the parts of a grouped list, with their counts, in the order of the facet. */
export function partsOf(group: IssueGroup, facets: Facets | undefined, chosen: string[] | undefined) {
  const list = (facets?.[group] ?? []).filter((v) => v.count > 0);
  return chosen?.length ? list.filter((v) => chosen.includes(v.value)) : list;
}

// Rows never move under the hands: only the reader asks for new ones.
const still = { refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

/** What the list shows: one after the other, or in parts that each have their own first hundred. */
export function useIssueLines(launchId: string, search: IssueFilter, change: (next: IssueFilter) => void) {
  const { group } = search;
  const cache = useQueryClient();
  const label = useFacetLabel();
  const list = useInfiniteQuery({ ...issueListQuery(launchId, search), ...still, enabled: !group });
  const counted = useQuery({ ...issueFacetsQuery(launchId, search), ...still, enabled: Boolean(group) });
  useNewsRead(
    "issue-list",
    launchId,
    group ? counted.isFetching : list.isFetching && !list.isFetchingNextPage,
  );
  const first = group ? counted.data : list.data?.pages[0];
  const parts = group ? partsOf(group, counted.data?.facets, search[group]) : [];
  const partRows = useQueries({
    queries: parts.map((p) => ({
      ...issuePartQuery(launchId, { ...search, group: undefined, ...(group ? { [group]: [p.value] } : {}) }),
      ...still,
    })),
  });
  const items = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const lines: Line[] = [];
  const flat: Issue[] = [];
  const put = (issue: Issue) => lines.push({ kind: "issue", issue, index: flat.push(issue) - 1 });
  if (!group) for (const issue of items) put(issue);
  parts.forEach((p, i) => {
    if (!group) return;
    lines.push({ kind: "head", id: p.value, label: label(group, p.value), count: p.count });
    const rows = partRows[i]?.data?.items ?? [];
    for (const issue of rows) put(issue);
    if (rows.length && rows.length < p.count)
      lines.push({
        kind: "rest",
        id: p.value,
        count: p.count - rows.length,
        onShow: () => change({ ...search, group: undefined, [group]: [p.value] }),
      });
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  /** Reads on until there are as many as asked for, or no more. */
  const upTo = async (count: number): Promise<Issue[]> => {
    let data = list.data;
    while (
      data &&
      data.pages.reduce((n, p) => n + p.items.length, 0) < count &&
      data.pages.at(-1)?.next_cursor
    ) {
      data = (await fetchNextPage()).data;
    }
    return (group ? flat : (data?.pages.flatMap((p) => p.items) ?? [])).slice(0, count);
  };
  return {
    lines,
    items: flat,
    facets: first?.facets,
    total: first?.total,
    pending: group ? counted.isPending : list.isPending,
    error: group ? counted.error : list.error,
    reload: () => void cache.invalidateQueries({ queryKey: ["issue-list", launchId] }),
    more,
    upTo,
  };
}
