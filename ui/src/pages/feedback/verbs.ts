import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import type { Dismissal, Feedback, FeedbackPatch, RelatedResult } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { moment } from "@/i18n/format";
import { patchRows } from "@/live/cache";
import { explain } from "@/ui/states";
import { changeRows } from "./optimistic";
import { withoutSuggestion } from "./suggestions";

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
/** What hangs on one report beside itself. */
const aside = ["feedback", "feedback-related", "feedback-decisions"];

export interface Verbs {
  accept: (f: Feedback, issueId?: string) => Promise<void>;
  acceptMany: (ids: string[], group: boolean, issueId?: string) => Promise<void>;
  ignore: (ids: string[]) => Promise<void>;
  correct: (f: Feedback, change: FeedbackPatch) => Promise<void>;
  correctMany: (ids: string[], change: FeedbackPatch) => Promise<void>;
  /** Puts off until a time; without one it is back. */
  snooze: (ids: string[], until: string | undefined) => Promise<void>;
  /** Takes everything that is suggested: confirms the fields, then accepts or joins, with one undo for all. */
  takeAll: (f: Feedback, change: FeedbackPatch | undefined, issueId?: string) => Promise<void>;
  dismiss: (f: Feedback, suggestions: Dismissal[]) => Promise<void>;
}

interface Done {
  text: string;
  /** In the order in which they were done. */
  undoIds: (string | undefined)[];
  rows?: Feedback[];
}

/**
 * The verbs of the inbox: the page changes at once, the server is told after, a toast offers Undo, and a
 * refusal puts everything back with a sentence that says why.
 */
export function useVerbs(launch: string, zone?: string): Verbs {
  const cache = useQueryClient();
  return useMemo(() => {
    const stale = (...key: string[]) => void cache.invalidateQueries({ queryKey: key });
    const settle = () => {
      for (const key of dependent) stale(key);
    };
    const undo = (ids: string[]) => async () => {
      try {
        for (const id of [...ids].reverse()) await feedbackApi.undo(id);
        toasts.show(t("toast.undone"));
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      }
      for (const key of ["feedback-list", "timeline", ...aside]) stale(key);
      settle();
    };
    /** Changes the page, then the records; what the change is, is the guess that the answer replaces. */
    const act = async (ids: string[], change: Partial<Feedback>, send: () => Promise<Done>) => {
      const putBack = changeRows(cache, ids, change);
      try {
        const done = await send();
        for (const row of done.rows ?? []) patchRows(cache, row);
        const undoIds = done.undoIds.filter((x) => x !== undefined);
        if (done.text) toasts.show(done.text, { undo: undoIds.length ? undo(undoIds) : undefined });
      } catch (e) {
        putBack();
        toasts.show(explain(e), { tone: "error" });
      }
      for (const key of aside)
        for (const one of ids.length > 20 ? [[]] : ids.map((id) => [id])) stale(key, ...one);
      settle();
    };
    const accepted = async (f: Feedback, issueId: string | undefined) => {
      const r = await feedbackApi.accept(f.id, issueId);
      const text = t(r.joined ? "toast.joined" : "toast.accepted", { key: r.issue.key });
      return { text, undoIds: [r.undo_id], rows: [r.feedback] };
    };
    return {
      accept: (f, issueId) => act([f.id], { state: "accepted" }, () => accepted(f, issueId)),
      takeAll: (f, change, issueId) =>
        act([f.id], { state: "accepted" }, async () => {
          const confirmed = change && (await feedbackApi.patch(f.id, change));
          const done = await accepted(f, issueId);
          return { ...done, undoIds: [confirmed?.undo_id, ...done.undoIds] };
        }),
      acceptMany: (ids, group, issueId) =>
        act(ids, { state: "accepted" }, async () => {
          const r = await feedbackApi.acceptMany(launch, ids, group, issueId);
          const keys = r.issues.map((i) => i.key);
          const text =
            keys.length === 1
              ? t("toast.acceptedInto", { count: r.accepted, key: keys[0] ?? "" })
              : t("toast.acceptedMany", { count: r.accepted, issues: keys.length });
          return { text, undoIds: [r.undo_id] };
        }),
      ignore: (ids) =>
        act(ids, { state: "ignored" }, async () => {
          if (ids.length === 1) {
            const r = await feedbackApi.ignore(ids[0] as string);
            return { text: t("toast.ignored", { count: 1 }), undoIds: [r.undo_id], rows: [r.feedback] };
          }
          const r = await feedbackApi.ignoreMany(launch, ids);
          return { text: t("toast.ignored", { count: r.ignored }), undoIds: [r.undo_id] };
        }),
      snooze: (ids, until) =>
        act(ids, { snoozed_until: until }, async () => {
          const say = (count: number) =>
            until ? t("toast.later", { count, when: moment(until, zone) }) : t("toast.woken", { count });
          if (ids.length === 1) {
            const r = await feedbackApi.snooze(ids[0] as string, until);
            return { text: say(1), undoIds: [r.undo_id], rows: [r.feedback] };
          }
          const r = await feedbackApi.snoozeMany(launch, ids, until);
          return { text: say(r.changed), undoIds: [r.undo_id] };
        }),
      correct: async (f, change) => {
        const { assignee_id: _, add_tags: _tags, spam, ...fields } = change;
        const shown = spam === undefined ? fields : { ...fields, state: spam ? "spam" : "new" };
        cache.setQueryData<RelatedResult>(
          ["feedback-related", f.id],
          (r) =>
            r &&
            Object.keys(fields).reduce((left, what) => withoutSuggestion(left, { what } as Dismissal), r),
        );
        await act([f.id], shown as Partial<Feedback>, async () => {
          const done = await feedbackApi.patch(f.id, change);
          return {
            text: done.undo_id ? t(saysWhy(f, change)) : "",
            undoIds: [done.undo_id],
            rows: [done.feedback],
          };
        });
      },
      correctMany: (ids, change) => {
        const { assignee_id: _, add_tags: _tags, spam: _spam, ...shown } = change;
        return act(ids, shown as Partial<Feedback>, async () => {
          const r = await feedbackApi.correctMany(launch, ids, change);
          stale("feedback-list", launch);
          return { text: t("toast.changedMany", { count: r.changed }), undoIds: [r.undo_id] };
        });
      },
      dismiss: async (f, suggestions) => {
        const key = ["feedback-related", f.id];
        const before = cache.getQueryData<RelatedResult>(key);
        cache.setQueryData<RelatedResult>(key, (r) => r && suggestions.reduce(withoutSuggestion, r));
        try {
          const undoIds: string[] = [];
          for (const s of suggestions) {
            const done = await feedbackApi.dismiss(f.id, s);
            if (done.undo_id) undoIds.push(done.undo_id);
          }
          toasts.show(t("toast.dismissed"), { undo: undoIds.length ? undo(undoIds) : undefined });
        } catch (e) {
          cache.setQueryData(key, before);
          toasts.show(explain(e), { tone: "error" });
        }
        stale("feedback-related", f.id);
        stale("timeline", "feedback", f.id);
      },
    };
  }, [cache, launch, zone]);
}

/** A change to what is there already says that triage was right. */
function saysWhy(f: Feedback, change: FeedbackPatch): "toast.confirmed" | "toast.corrected" {
  const same = Object.entries(change).every(([field, value]) => f[field as keyof Feedback] === value);
  return same ? "toast.confirmed" : "toast.corrected";
}
