import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import { issueApi, issueQuery } from "@/api/issues";
import type { Issue, IssuePatch } from "@/api/types";
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
  "feedback",
  "feedback-list",
  "feedback-facets",
  "launch",
];

/** Changes of one issue: shown at once, told after, put back with a sentence when refused. */
export function useIssueVerbs(issue: Issue) {
  const cache = useQueryClient();
  return useMemo(() => {
    const renew = () => {
      for (const key of touched) void cache.invalidateQueries({ queryKey: [key] });
    };
    const put = (next: Issue) => {
      for (const id of [next.id, next.key]) cache.setQueryData(issueQuery(id).queryKey, next);
    };
    const undo = (undoId: string) => async () => {
      try {
        await feedbackApi.undo(undoId);
        toasts.show(t("toast.undone"));
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      }
      renew();
    };
    const failed = (e: unknown) => {
      toasts.show(explain(e), { tone: "error" });
      return undefined;
    };
    return {
      patch: async (change: IssuePatch) => {
        const { owner_id: _, ...shown } = change;
        put({ ...issue, ...(shown as Partial<Issue>) });
        try {
          const done = await issueApi.patch(issue.id, change);
          put(done);
          if (done.undo_id) toasts.show(t("toast.changed", { key: issue.key }), { undo: undo(done.undo_id) });
        } catch (e) {
          put(issue);
          failed(e);
        }
        void cache.invalidateQueries({ queryKey: ["timeline"] });
        void cache.invalidateQueries({ queryKey: ["issue-list"] });
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
