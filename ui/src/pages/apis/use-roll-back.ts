import { useMutation, useQueryClient } from "@tanstack/react-query";
import { gatewayApi } from "@/api/gateway";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";

/** What follows from a publication that came into force: everything that shows one. */
export const afterPublishing = [
  "gateway-outline",
  "gateway-apis",
  "gateway-document",
  "gateway-state",
  "publications",
];

/**
 * Brings an earlier publication into force again, the one before when none is named. It is live at once, and
 * taken back as fast: the toast's undo publishes again what was there.
 */
export function useRollBack() {
  const cache = useQueryClient();
  const back = useMutation({
    mutationFn: (to: number | undefined) => gatewayApi.rollBack(to),
    onSuccess: (p) => {
      toasts.show(t("toast.rolledBack", { to: p.rolled_back_to ?? 0, number: p.number }), {
        undo: () => back.mutate(p.number - 1),
      });
      return Promise.all(afterPublishing.map((key) => cache.invalidateQueries({ queryKey: [key] })));
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return back;
}
