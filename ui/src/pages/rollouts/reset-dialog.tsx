import { useMutation, useQueryClient } from "@tanstack/react-query";
import { resetShadow, shadowsQuery } from "@/api/shadows";
import type { Shadow } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormError } from "@/ui/states";
import { routeName } from "../gateway/figures";

/** Asks before the comparison of a route begins anew: what was counted is lost. */
export function ResetDialog({ shadow: s, onClose }: { shadow: Shadow; onClose: () => void }) {
  const cache = useQueryClient();
  const reset = useMutation({
    mutationFn: () => resetShadow(s),
    onSuccess: () => {
      toasts.show(t("toast.shadowReset", { route: routeName(s) }));
      onClose();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: shadowsQuery.queryKey }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("shadows.resetTitle", { route: routeName(s) })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" disabled={reset.isPending} onClick={() => reset.mutate()}>
            {t("shadows.reset")}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        <FormError error={reset.error} />
        <p>{t("shadows.resetText")}</p>
      </div>
    </Dialog>
  );
}
