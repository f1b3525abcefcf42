import { type FormEvent, useState } from "react";
import type { Rollout } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormError } from "@/ui/states";
import { apiName } from "./state";
import { useAct } from "./use-act";

/** Asks before all traffic changes over: back to the stable version, or on to the new one. */
export function ActDialog({
  rollout: r,
  verb,
  onClose,
}: {
  rollout: Rollout;
  verb: "abort" | "promote";
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  const act = useAct(r, onClose);
  const back = verb === "abort";
  const names = { stable: r.stable ?? "", canary: r.canary, api: apiName(r) };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    act.mutate({ verb, reason: reason.trim() });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(back ? "rollouts.backTitle" : "rollouts.promoteTitle", names)}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            form="rollout-act"
            look={back ? "danger" : "primary"}
            disabled={act.isPending}
          >
            {t(back ? "rollouts.back" : "rollouts.promote")}
          </Button>
        </>
      }
    >
      <form id="rollout-act" onSubmit={submit} className="grid gap-3">
        <FormError error={act.error} />
        <p>{t(back ? "rollouts.backText" : "rollouts.promoteText", names)}</p>
        <Field label={t("rollouts.reason")} hint={t("rollouts.reasonHint")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              maxLength={500}
              value={reason}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
