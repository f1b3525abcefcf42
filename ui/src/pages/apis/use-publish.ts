import { useMutation, useQueryClient } from "@tanstack/react-query";
import { gatewayApi } from "@/api/gateway";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { afterPublishing, useRollBack } from "./use-roll-back";

/** Publishes a document. It is live at once; the toast's undo brings back what was there. */
export function usePublish() {
  const cache = useQueryClient();
  const back = useRollBack();
  return useMutation({
    mutationFn: gatewayApi.publish,
    onSuccess: (p) => {
      toasts.show(t("toast.published", { number: p.number }), {
        undo: p.number > 1 ? () => back.mutate(p.number - 1) : undefined,
      });
      return Promise.all(afterPublishing.map((key) => cache.invalidateQueries({ queryKey: [key] })));
    },
  });
}
