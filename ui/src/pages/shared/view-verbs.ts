import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { feedbackApi } from "@/api/feedback";
import type { View, ViewInput, ViewPatch } from "@/api/types";
import { viewApi, viewsQuery } from "@/api/views";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";

/** What can be done with views: shown at once, told after, put back with a sentence when refused. */
export function useViewVerbs(launch: string) {
  const cache = useQueryClient();
  return useMemo(() => {
    const { queryKey } = viewsQuery(launch);
    const renew = () => cache.invalidateQueries({ queryKey });
    const put = (change: (views: View[]) => View[]) =>
      cache.setQueryData(queryKey, (views) => (views ? change(views) : views));
    const undo = (id: string) => async () => {
      try {
        await feedbackApi.undo(id);
        toasts.show(t("toast.undone"));
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      }
      await renew();
    };
    return {
      /** Throws what the server says against it, for the dialog that asked. */
      create: async (input: ViewInput): Promise<View> => {
        const view = await viewApi.create(launch, input);
        put((views) => [...views, view]);
        toasts.show(t("views.saved", { name: view.name }));
        void renew();
        return view;
      },
      /** The same; `quiet` leaves what changed to be seen. */
      change: async (view: View, patch: ViewPatch): Promise<void> => {
        const done = await viewApi.change(view.id, patch);
        put((views) => views.map((v) => (v.id === view.id ? done : v)));
        toasts.show(t("views.updated", { name: done.name }), {
          undo: done.undo_id ? undo(done.undo_id) : undefined,
        });
        void renew();
      },
      remove: async (view: View): Promise<void> => {
        put((views) => views.filter((v) => v.id !== view.id));
        try {
          const done = await viewApi.remove(view.id);
          toasts.show(t("views.removed", { name: view.name }), { undo: undo(done.undo_id) });
        } catch (e) {
          toasts.show(explain(e), { tone: "error" });
        }
        void renew();
      },
    };
  }, [cache, launch]);
}

export type ViewVerbs = ReturnType<typeof useViewVerbs>;
