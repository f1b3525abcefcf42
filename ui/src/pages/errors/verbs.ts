import { useQueryClient } from "@tanstack/react-query";
import { errorApi } from "@/api/errors";
import { feedbackApi } from "@/api/feedback";
import type { ErrorGroup } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";
import { renewIssues } from "../issue/verbs";

/** What people do to an error: done at once, told with its undo. */
export function useErrorVerbs() {
  const cache = useQueryClient();
  const renew = () => {
    for (const key of ["errors", "error", "error-feedback"])
      void cache.invalidateQueries({ queryKey: [key] });
  };
  const undo = (id: string) => async () => {
    try {
      await feedbackApi.undo(id);
      toasts.show(t("toast.undone"));
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
    renew();
  };
  const act = async (what: () => Promise<{ undo: string; text: string }>) => {
    try {
      const done = await what();
      toasts.show(done.text, { undo: undo(done.undo) });
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
    renew();
  };
  return {
    set: (e: ErrorGroup, state: ErrorGroup["state"]) =>
      act(async () => {
        const done = await errorApi.change(e.id, { state });
        const text =
          state === "resolved"
            ? "errors.resolved"
            : state === "ignored"
              ? "errors.ignored"
              : "errors.reopened";
        return { undo: done.undo_id, text: t(text, { title: e.title }) };
      }),
    issue: (e: ErrorGroup) =>
      act(async () => {
        const done = await errorApi.join(e.id);
        renewIssues(cache);
        return { undo: done.undo_id, text: t("errors.joined", { key: done.issue.key }) };
      }),
  };
}
