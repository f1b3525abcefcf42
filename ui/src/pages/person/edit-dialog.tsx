import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { organisationsQuery, peopleApi } from "@/api/people";
import type { Person } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { FormError } from "@/ui/states";
import { attrsText, nameOf, readAttrs } from "../people/names";

/** Name, organisation and attributes by hand. */
export function EditDialog({ person: p, onClose }: { person: Person; onClose: () => void }) {
  const cache = useQueryClient();
  const organisations = useQuery(organisationsQuery()).data ?? [];
  const was = p.organisation?.id ?? "";
  const [name, setName] = useState(p.name);
  const [organisation, setOrganisation] = useState(was);
  const [attrs, setAttrs] = useState(attrsText(p.attrs));
  const save = useMutation({
    mutationFn: () =>
      peopleApi.change(p.id, {
        name,
        organisation_id: organisation === was ? undefined : organisation,
        attrs: readAttrs(attrs, p.attrs),
      }),
    onSuccess: () => {
      onClose();
      return cache.invalidateQueries({ queryKey: ["people"] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  const options = [
    { value: "", label: t("person.noOrganisation") },
    ...(p.organisation && !organisations.some((o) => o.id === was)
      ? [{ value: was, label: p.organisation.name }]
      : []),
    ...organisations.map((o) => ({ value: o.id, label: o.name })),
  ];
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("person.editTitle", { name: nameOf(p) })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="person" look="primary" disabled={save.isPending}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form id="person" onSubmit={submit} className="grid gap-4">
        <FormError error={save.error} />
        <Field label={t("people.name")}>
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
        <Field label={t("people.organisation")}>
          {(w) => (
            <Select
              {...w}
              data-user=""
              value={organisation}
              options={options}
              onChange={(e) => setOrganisation(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("people.attributes")}>
          {(w) => (
            <Textarea {...w} data-user="" rows={4} value={attrs} onChange={(e) => setAttrs(e.target.value)} />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
