import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { issueApi } from "@/api/issues";
import type { Issue, IssueBulk, IssueInput, IssuePage } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";
import { renewIssues, undoIssues } from "../issue/verbs";

/** What a bulk change makes of one issue as a list shows it; `owner` names who `owner_id` is. */
export function changed(issue: Issue, change: IssueBulk, owner?: { id: string; name: string }): Issue {
  const { owner_id, add_tags = [], remove_tags = [], reason: _, urgency, ...plain } = change;
  const next = { ...issue, ...(plain as Partial<Issue>) };
  if (owner_id !== undefined) next.owner = owner_id ? owner : undefined;
  if (add_tags?.length || remove_tags?.length) {
    const kept = issue.tags.filter((tag) => !remove_tags?.includes(tag));
    next.tags = [...new Set([...kept, ...(add_tags ?? [])])].sort();
  }
  if (urgency) next.urgency = urgency;
  return next;
}

type Rows = InfiniteData<IssuePage> | IssuePage | undefined;

/** Changes rows in every list that shows them; answers how to put everything back. */
export function changeRows(cache: QueryClient, ids: string[], change: (issue: Issue) => Issue): () => void {
  const some = new Set(ids);
  const before = cache.getQueriesData<Rows>({ queryKey: ["issue-list"] });
  const page = (p: IssuePage): IssuePage =>
    p.items.some((i) => some.has(i.id))
      ? { ...p, items: p.items.map((i) => (some.has(i.id) ? change(i) : i)) }
      : p;
  cache.setQueriesData<Rows>({ queryKey: ["issue-list"] }, (data) => {
    if (!data) return data;
    return "pages" in data ? { ...data, pages: data.pages.map(page) } : page(data);
  });
  return () => {
    for (const [key, data] of before) cache.setQueryData(key, data);
  };
}

/** Acts on one or many issues of a list: one request, one undo. */
export function useIssueBulk(launch: string) {
  const cache = useQueryClient();
  return useMemo(
    () => ({
      change: async (list: Issue[], change: IssueBulk, owner?: { id: string; name: string }) => {
        const ids = list.map((i) => i.id);
        const putBack = changeRows(cache, ids, (i) => changed(i, change, owner));
        try {
          const r = await issueApi.changeMany(launch, ids, change);
          const one = list.length === 1 ? list[0] : undefined;
          toasts.show(
            one
              ? t("toast.changed", { key: one.key })
              : r.unchanged
                ? t("toast.changedSome", { count: r.changed, unchanged: r.unchanged })
                : t("toast.changedMany", { count: r.changed }),
            { undo: undoIssues(cache, r.undo_id) },
          );
        } catch (e) {
          putBack();
          toasts.show(explain(e), { tone: "error" });
        }
        renewIssues(cache);
      },
      merge: async (list: Issue[], into: Issue) => {
        try {
          const going = list.filter((i) => i.id !== into.id);
          const r = await issueApi.mergeMany(
            launch,
            going.map((i) => i.id),
            into.id,
          );
          const text =
            going.length === 1
              ? t("toast.merged", { key: going[0]?.key ?? "", into: r.issue.key })
              : t("toast.mergedMany", { count: going.length, into: r.issue.key });
          toasts.show(text, { undo: undoIssues(cache, r.undo_id) });
        } catch (e) {
          toasts.show(explain(e), { tone: "error" });
        }
        renewIssues(cache);
      },
      create: async (body: IssueInput): Promise<Issue | undefined> => {
        try {
          const made = await issueApi.create(launch, body);
          toasts.show(t("toast.created", { key: made.key }), { undo: undoIssues(cache, made.undo_id) });
          renewIssues(cache);
          return made;
        } catch (e) {
          toasts.show(explain(e), { tone: "error" });
          return undefined;
        }
      },
    }),
    [cache, launch],
  );
}

export type IssueBulkVerbs = ReturnType<typeof useIssueBulk>;
