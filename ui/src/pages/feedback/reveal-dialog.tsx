import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { privacyApi } from "@/api/privacy";
import type { Feedback, Revealed } from "@/api/types";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormError } from "@/ui/states";

/** Asks why, then shows the originals until it is closed. They are kept nowhere else on the page. */
export function RevealDialog({ feedback: f, onClose }: { feedback: Feedback; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const reveal = useMutation({ mutationFn: () => privacyApi.reveal(f.id, reason), gcTime: 0 });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    reveal.mutate();
  };
  if (reveal.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={t("privacy.revealed")}
        note={t("privacy.revealedNote")}
        footer={<Button onClick={onClose}>{t("common.done")}</Button>}
      >
        <ul>
          {reveal.data.items.map((o) => (
            <li
              key={`${o.field} ${o.at}`}
              className="flex flex-wrap items-baseline gap-x-3 border-line border-t py-1.5 first:border-t-0"
            >
              <span className="w-44 text-meta text-fg-3">
                {word("personal", o.kind)} {fieldOf(o)}
              </span>
              <span data-user="" className="min-w-0 font-550 [overflow-wrap:anywhere]">
                {o.value}
              </span>
            </li>
          ))}
        </ul>
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("privacy.reveal")}
      note={t("privacy.revealNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="reveal" look="primary" disabled={reveal.isPending}>
            {t("privacy.reveal")}
          </Button>
        </>
      }
    >
      <form id="reveal" onSubmit={submit} className="grid gap-4">
        <FormError error={reveal.error} />
        <Field label={t("privacy.reason")} hint={t("privacy.reasonHint")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              required
              minLength={3}
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

function fieldOf(o: Revealed): string {
  return o.field === "text" || o.field === "title" || o.field === "url"
    ? t(`privacy.field.${o.field}`)
    : o.field;
}
