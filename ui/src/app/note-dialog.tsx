import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ask, client } from "@/api/client";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Textarea } from "@/ui/field";
import { FormError } from "@/ui/states";
import { useMe, useNavLaunch } from "./launch";
import { toasts } from "./toasts";

/** What was written and not sent: Escape and a wrong click lose nothing. */
let draft = "";

/** What somebody of the team sees becomes a report of the launch at hand. */
export function NoteDialog({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const { launch } = useNavLaunch();
  const navigate = useNavigate();
  const [text, setText] = useState(draft);
  const send = useMutation({
    mutationFn: () =>
      ask(
        client.POST("/launches/{id}/feedback", {
          params: { path: { id: launch?.id ?? "" } },
          body: { channel: "note", text: text.trim(), author: { name: me.name, email: me.email } },
        }),
      ),
    onSuccess: (got) => {
      draft = "";
      onClose();
      toasts.show(t("seen.sent"), {
        open: {
          label: t("seen.open"),
          go: () =>
            void navigate({
              to: "/launches/$launchId/feedback",
              params: { launchId: launch?.id ?? "" },
              search: { item: "id" in got ? got.id : undefined },
            }),
        },
      });
    },
  });
  const may = text.trim() !== "" && launch !== undefined && !send.isPending;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (may) send.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={520}
      title={t("seen.title")}
      note={launch ? t("seen.where", { launch: launch.name }) : null}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="note" look="primary" disabled={!may} keys="mod+enter">
            {t("seen.send")}
          </Button>
        </>
      }
    >
      <form id="note" onSubmit={submit} className="grid gap-3">
        <FormError error={send.error} />
        <Field label={t("seen.text")}>
          {(w) => (
            <Textarea
              {...w}
              data-user=""
              autoFocus
              rows={5}
              placeholder={t("seen.placeholder")}
              value={text}
              onChange={(e) => {
                draft = e.target.value;
                setText(e.target.value);
              }}
              onKeyDown={(e) => {
                if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e);
              }}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
