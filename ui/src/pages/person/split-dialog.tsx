import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { feedbackApi } from "@/api/feedback";
import { peopleApi } from "@/api/people";
import type { Person, PersonIdentity } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input } from "@/ui/field";
import { explain, FormError } from "@/ui/states";
import { nameOf } from "../people/names";
import { IdentityName } from "./identities";

const keyOf = (k: PersonIdentity): string => `${k.kind} ${k.value}`;

/** Gives some identities, and what came by them, to a new person. */
export function SplitDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const identities = person.identities.filter((k) => chosen.includes(keyOf(k)));
  const possible = identities.length > 0 && identities.length < person.identities.length;
  const preview = useQuery({
    queryKey: ["people", "preview-split", person.id, [...chosen].sort()],
    queryFn: () => peopleApi.split(person.id, { identities, name, reason, preview: true }),
    enabled: possible,
  });
  const split = useMutation({
    mutationFn: () => peopleApi.split(person.id, { identities, name, reason }),
    onSuccess: (r) => {
      const back = r.undo_id;
      toasts.show(t("toast.personSplit"), {
        undo: back
          ? () =>
              void feedbackApi
                .undo(back)
                .then(() => toasts.show(t("toast.personBack")))
                .catch((e: unknown) => toasts.show(explain(e), { tone: "error" }))
                .then(() => cache.invalidateQueries({ queryKey: ["people"] }))
          : undefined,
      });
      onClose();
      if (r.person) void navigate({ to: "/people/$personId", params: { personId: r.person.id } });
      return cache.invalidateQueries({ queryKey: ["people"] });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("splitPerson.title", { name: nameOf(person) })}
      note={t("splitPerson.note")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            look="primary"
            disabled={!possible || !reason.trim() || split.isPending}
            onClick={() => split.mutate()}
          >
            {t("splitPerson.go")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <FormError error={split.error ?? preview.error} />
        <fieldset className="grid max-h-60 gap-1 overflow-auto">
          <legend className="sr-only">{t("person.identities")}</legend>
          {person.identities.map((k) => (
            <Checkbox
              key={keyOf(k)}
              checked={chosen.includes(keyOf(k))}
              onChange={(e) =>
                setChosen((all) =>
                  e.target.checked ? [...all, keyOf(k)] : all.filter((x) => x !== keyOf(k)),
                )
              }
              label={<IdentityName identity={k} />}
            />
          ))}
        </fieldset>
        <Field label={t("splitPerson.name")}>
          {(w) => (
            <Input
              {...w}
              data-user=""
              maxLength={200}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("splitPerson.reason")}>
          {(w) => (
            <Input
              {...w}
              data-user=""
              maxLength={300}
              value={reason}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
        {preview.data ? (
          <p role="status" className="text-fg-2">
            {t("splitPerson.preview", {
              identities: preview.data.identities,
              feedback: preview.data.feedback,
            })}
          </p>
        ) : null}
      </div>
    </Dialog>
  );
}
