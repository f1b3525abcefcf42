import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applicationApi, applicationsQuery } from "@/api/applications";
import type { Application, ApplicationKey } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormError } from "@/ui/states";

/** Asks before a key ends: it can't be brought back, and who calls with it is refused at once. */
export function RevokeDialog({
  app,
  k,
  onClose,
}: {
  app: Application;
  k: ApplicationKey;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => applicationApi.revokeKey(app.id, k.id),
    onSuccess: () => {
      toasts.show(t("toast.revoked", { name: `${k.prefix}…` }));
      onClose();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: applicationsQuery.queryKey }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("keys.revokeTitle", { prefix: k.prefix })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
            {t("keys.revokeNow")}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        <FormError error={revoke.error} />
        <p>{t("keys.revokeText", { name: app.name })}</p>
      </div>
    </Dialog>
  );
}
