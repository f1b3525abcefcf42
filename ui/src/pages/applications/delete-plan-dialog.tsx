import { useMutation, useQueryClient } from "@tanstack/react-query";
import { planApi, plansQuery } from "@/api/plans";
import type { Plan } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormError } from "@/ui/states";

/** Asks before a plan goes; the server refuses while an application has it. */
export function DeletePlanDialog({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => planApi.delete(plan.id),
    onSuccess: () => {
      toasts.show(t("toast.planDeleted", { name: plan.name }));
      onClose();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: plansQuery.queryKey }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("plans.deleteTitle", { name: plan.name })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {t("plans.deleteNow")}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        <FormError error={remove.error} />
        <p>{t("plans.deleteText")}</p>
      </div>
    </Dialog>
  );
}
