import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import type { Feedback, FeedbackPatch } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { patchRows, removeRows } from "@/live/cache";
import { explain } from "@/ui/states";

/** What hangs on the state of feedback and is read again after a change of it. */
const dependent = [
  "feedback-facets",
  "launch",
  "launches",
  "proposals",
  "issue-list",
  "issue",
  "issue-feedback",
  "timeline",
];

export interface Verbs {
  accept: (f: Feedback, issueId?: string) => Promise<void>;
  acceptMany: (ids: string[], group: boolean, issueId?: string) => Promise<void>;
  ignore: (ids: string[]) => Promise<void>;
  correct: (f: Feedback, change: FeedbackPatch) => Promise<void>;
}

/**
 * The verbs of the inbox: the page changes at once, the server is told after, a toast offers Undo, and a
 * refusal puts everything back with a sentence that says why.
 */
export function useVerbs(launch: string): Verbs {
  const cache = useQueryClient();
  return useMemo(() => {
    const settle = () => {
      for (const key of dependent) void cache.invalidateQueries({ queryKey: [key] });
    };
    const undo = (undoId: string) => async () => {
      try {
        await feedbackApi.undo(undoId);
        toasts.show(t("toast.undone"));
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      }
      void cache.invalidateQueries({ queryKey: ["feedback-list"] });
      void cache.invalidateQueries({ queryKey: ["feedback"] });
      void cache.invalidateQueries({ queryKey: ["timeline"] });
      settle();
    };
    const act = async (
      ids: string[],
      state: Feedback["state"],
      send: () => Promise<{ text: string; undoId: string; rows?: Feedback[] }>,
    ) => {
      const putBack = removeRows(cache, launch, ids);
      for (const id of ids) patchRows(cache, { id, state });
      try {
        const done = await send();
        for (const row of done.rows ?? []) patchRows(cache, row);
        for (const id of ids) void cache.invalidateQueries({ queryKey: ["feedback", id] });
        toasts.show(done.text, { undo: done.undoId ? undo(done.undoId) : undefined });
      } catch (e) {
        putBack();
        for (const id of ids) void cache.invalidateQueries({ queryKey: ["feedback", id] });
        toasts.show(explain(e), { tone: "error" });
      }
      settle();
    };
    return {
      accept: (f, issueId) =>
        act([f.id], "accepted", async () => {
          const r = await feedbackApi.accept(f.id, issueId);
          const text = t(r.joined ? "toast.joined" : "toast.accepted", { key: r.issue.key });
          return { text, undoId: r.undo_id, rows: [r.feedback] };
        }),
      acceptMany: (ids, group, issueId) =>
        act(ids, "accepted", async () => {
          const r = await feedbackApi.acceptMany(launch, ids, group, issueId);
          const keys = r.issues.map((i) => i.key);
          const text =
            keys.length === 1
              ? t("toast.acceptedInto", { count: r.accepted, key: keys[0] ?? "" })
              : t("toast.acceptedMany", { count: r.accepted, issues: keys.length });
          return { text, undoId: r.undo_id };
        }),
      ignore: (ids) =>
        act(ids, "ignored", async () => {
          if (ids.length === 1) {
            const r = await feedbackApi.ignore(ids[0] as string);
            return { text: t("toast.ignored", { count: 1 }), undoId: r.undo_id, rows: [r.feedback] };
          }
          const r = await feedbackApi.ignoreMany(launch, ids);
          return { text: t("toast.ignored", { count: ids.length }), undoId: r.undo_id };
        }),
      correct: async (f, change) => {
        const { assignee_id: _, spam: _spam, ...shown } = change;
        patchRows(cache, { id: f.id, ...(shown as Partial<Feedback>) });
        try {
          const done = await feedbackApi.patch(f.id, change);
          patchRows(cache, done.feedback);
          if (done.undo_id) toasts.show(t("toast.corrected"), { undo: undo(done.undo_id) });
        } catch (e) {
          patchRows(cache, f);
          toasts.show(explain(e), { tone: "error" });
        }
        void cache.invalidateQueries({ queryKey: ["feedback", f.id] });
        void cache.invalidateQueries({ queryKey: ["timeline", "feedback", f.id] });
        void cache.invalidateQueries({ queryKey: ["feedback-facets"] });
      },
    };
  }, [cache, launch]);
}
