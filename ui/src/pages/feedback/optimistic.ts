import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { type FeedbackFilter, onTab } from "@/api/filter";
import type { Feedback, FeedbackPage, Me } from "@/api/types";

/**
 * Puts a change of feedback into every list and page that shows it, before the server answers: rows that are
 * no longer on a list's tab leave it. Answers how to put everything back as it was.
 */
export function changeRows(cache: QueryClient, ids: string[], change: Partial<Feedback>): () => void {
  const touched = new Set(ids);
  const me = cache.getQueryData<Me>(["me"])?.id;
  const lists = cache.getQueriesData<InfiniteData<FeedbackPage>>({ queryKey: ["feedback-list"] });
  const before: [readonly unknown[], unknown][] = [];
  for (const [key, data] of lists) {
    if (!data?.pages.some((p) => p.items.some((i) => touched.has(i.id)))) continue;
    before.push([key, data]);
    const { tab = "triage" } = key[2] as FeedbackFilter;
    cache.setQueryData<InfiniteData<FeedbackPage>>(key, {
      ...data,
      pages: data.pages.map((p) => ({
        ...p,
        items: p.items.flatMap((i) => {
          if (!touched.has(i.id)) return [i];
          const next = { ...i, ...change };
          return onTab(next, tab, me) ? [next] : [];
        }),
      })),
    });
  }
  for (const id of ids) {
    const key = ["feedback", id];
    const whole = cache.getQueryData<Feedback>(key);
    if (!whole) continue;
    before.push([key, whole]);
    cache.setQueryData<Feedback>(key, { ...whole, ...change });
  }
  return () => {
    for (const [key, data] of before) cache.setQueryData(key, data);
  };
}
