import { useMutation, useQueryClient } from "@tanstack/react-query";
import { gatewayApi } from "@/api/gateway";
import type { Publication } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { afterPublishing, useRollBack } from "./use-roll-back";

/** What follows when something came into force: it is said, with an undo that brings back what was there. */
export function usePublished() {
  const cache = useQueryClient();
  const back = useRollBack();
  return (p: Publication) => {
    toasts.show(t("toast.published", { number: p.number }), {
      undo: p.number > 1 ? () => back.mutate(p.number - 1) : undefined,
    });
    return Promise.all(afterPublishing.map((key) => cache.invalidateQueries({ queryKey: [key] })));
  };
}

/** Publishes a document. It is live at once. */
export function usePublish() {
  const published = usePublished();
  return useMutation({ mutationFn: gatewayApi.publish, onSuccess: published });
}
