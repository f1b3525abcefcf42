import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { applicationApi, applicationsQuery } from "@/api/applications";
import { ApiError } from "@/api/error";
import { outlineQuery } from "@/api/gateway";
import { plansQuery } from "@/api/plans";
import type { Application } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";

/** Makes an application, or changes one. */
export function ApplicationDialog({
  app,
  onClose,
  onDone,
}: {
  app?: Application;
  onClose: () => void;
  onDone?: (made: Application) => void;
}) {
  const cache = useQueryClient();
  const outline = useQuery(outlineQuery).data;
  const others = useQuery(applicationsQuery).data ?? [];
  const [name, setName] = useState(app?.name ?? "");
  const [contact, setContact] = useState(app?.contact ?? "");
  const [plan, setPlan] = useState(app?.plan ?? "");
  const [apis, setApis] = useState<string[]>(app?.apis ?? []);
  const made = useQuery(plansQuery).data ?? [];
  // Documents may limit by a plan that has no record; who has one keeps it.
  const named = [...made.map((p) => p.name), ...others.map((a) => a.plan ?? ""), app?.plan ?? ""];
  const plans = [...new Set(named)].filter((p) => p).sort();
  const offered = [...new Set([...(outline?.apis.map((a) => a.name) ?? []), ...(app?.apis ?? [])])].sort();
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), contact: contact.trim(), plan, apis };
      return app ? applicationApi.change(app.id, body) : applicationApi.create(body);
    },
    onSuccess: (made) => {
      onClose();
      onDone?.(made);
      return Promise.all(
        [applicationsQuery, plansQuery].map(({ queryKey }) => cache.invalidateQueries({ queryKey })),
      );
    },
  });
  const of = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={app ? t("applications.edit", { name: app.name }) : t("applications.new")}
      note={app ? undefined : t("applications.newNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="application" look="primary" disabled={!name.trim() || save.isPending}>
            {app ? t("common.save") : t("applications.create")}
          </Button>
        </>
      }
    >
      <form id="application" onSubmit={submit} className="grid gap-4">
        <FormError error={save.error} />
        <Field label={t("applications.name")} error={of("name")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              required
              maxLength={100}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("applications.contact")} hint={t("applications.contactHint")} error={of("contact")}>
          {(w) => (
            <Input {...w} maxLength={200} value={contact} onChange={(e) => setContact(e.target.value)} />
          )}
        </Field>
        <Field label={t("applications.plan")} hint={t("applications.planHint")} error={of("plan")}>
          {(w) => (
            <Select
              {...w}
              data-user=""
              value={plan}
              onChange={(e) => setPlan(e.target.value)}
              options={[
                { value: "", label: t("common.none") },
                ...plans.map((p) => ({ value: p, label: p })),
              ]}
            />
          )}
        </Field>
        {offered.length ? (
          <fieldset className="grid gap-1">
            <legend className="mb-1 text-dense font-medium">{t("applications.apis")}</legend>
            <div className="flex flex-wrap gap-x-4">
              {offered.map((a) => (
                <Checkbox
                  key={a}
                  label={<span data-user="">{a}</span>}
                  checked={apis.includes(a)}
                  onChange={(e) => setApis(e.target.checked ? [...apis, a] : apis.filter((x) => x !== a))}
                />
              ))}
            </div>
            <p className="text-meta text-fg-3">{t("applications.apisHint")}</p>
          </fieldset>
        ) : null}
      </form>
    </Dialog>
  );
}
