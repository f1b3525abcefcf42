import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import { issueApi, issueQuery } from "@/api/issues";
import type { Issue, IssueLink, IssuePatch, LinkKind } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";

const touched = [
  "issue",
  "issue-list",
  "timeline",
  "issue-feedback",
  "issue-reporters",
  "issue-similar",
  "issue-groups",
  "merge-preview",
  "split-preview",
  "board",
  "feedback",
  "feedback-list",
  "feedback-facets",
  "launch",
];

/** Reads again what may show an issue, after one was changed in a way that is not known in full. */
export function renewIssues(cache: QueryClient): void {
  for (const key of touched) void cache.invalidateQueries({ queryKey: [key] });
}

/** How to take an act on issues back, for its toast. */
export function undoIssues(cache: QueryClient, undoId: string) {
  return async () => {
    try {
      await feedbackApi.undo(undoId);
      toasts.show(t("toast.undone"));
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
    renewIssues(cache);
  };
}

/** Changes of one issue: shown at once, told after, put back with a sentence when refused. */
export function useIssueVerbs(issue: Issue) {
  const cache = useQueryClient();
  return useMemo(() => {
    const renew = () => renewIssues(cache);
    const undo = (undoId: string) => undoIssues(cache, undoId);
    const put = (next: Issue) => {
      for (const id of [next.id, next.key]) cache.setQueryData(issueQuery(id).queryKey, next);
    };
    const failed = (e: unknown) => {
      toasts.show(explain(e), { tone: "error" });
      return undefined;
    };
    return {
      /** `said` is what the toast says instead of "HC-3 changed". */
      patch: async (change: IssuePatch, said?: string) => {
        const { owner_id: _, ...shown } = change;
        put({
          ...issue,
          ...(shown as Partial<Issue>),
          ...(change.dismissed_severity ? { suggested_severity: undefined } : {}),
        });
        try {
          const done = await issueApi.patch(issue.id, change);
          put(done);
          toasts.show(said ?? t("toast.changed", { key: issue.key }), { undo: undo(done.undo_id) });
        } catch (e) {
          put(issue);
          failed(e);
        }
        for (const key of ["timeline", "issue-list", "board"])
          void cache.invalidateQueries({ queryKey: [key] });
      },
      link: async (to: Issue, kind: LinkKind) => {
        try {
          const r = await issueApi.link(issue.id, to.id, kind);
          put(r.issue);
          toasts.show(t(`link.say.${kind}`, { key: issue.key, other: to.key }), { undo: undo(r.undo_id) });
          renew();
        } catch (e) {
          failed(e);
        }
      },
      unlink: async (link: IssueLink) => {
        put({ ...issue, links: issue.links?.filter((l) => l.id !== link.id) });
        try {
          const done = await issueApi.unlink(issue.id, link.id);
          toasts.show(t("link.removed", { key: issue.key, other: link.issue.key }), {
            undo: undo(done.undo_id),
          });
          renew();
        } catch (e) {
          put(issue);
          failed(e);
        }
      },
      merge: async (into: Issue): Promise<Issue | undefined> => {
        try {
          const r = await issueApi.merge(issue.id, into.id);
          toasts.show(t("toast.merged", { key: issue.key, into: r.issue.key }), { undo: undo(r.undo_id) });
          renew();
          return r.issue;
        } catch (e) {
          return failed(e);
        }
      },
      split: async (ids: string[], title: string): Promise<Issue | undefined> => {
        try {
          const r = await issueApi.split(issue.id, ids, title);
          toasts.show(t("toast.split", { key: r.new_issue.key, count: ids.length }), {
            undo: undo(r.undo_id),
          });
          renew();
          return r.new_issue;
        } catch (e) {
          return failed(e);
        }
      },
    };
  }, [cache, issue]);
}

export type IssueVerbs = ReturnType<typeof useIssueVerbs>;
