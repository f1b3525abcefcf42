import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { organisationsQuery, peopleApi } from "@/api/people";
import type { Organisation } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Textarea } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Failure, FormError, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { attrsText, readAttrs } from "./names";

export function Organisations({
  mayChange,
  onNew,
  onEdit,
}: {
  mayChange: boolean;
  onNew: () => void;
  onEdit: (o: Organisation) => void;
}) {
  const { data, error, isPending, refetch } = useQuery(organisationsQuery());
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={5} height={40} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("organisations.none")}
          action={mayChange ? <Button onClick={onNew}>{t("organisations.new")}</Button> : null}
        >
          <p>{t("organisations.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <ul aria-label={t("people.organisations")}>
            {data.map((o) => (
              <li
                key={o.id}
                className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-line border-t px-3 py-1 text-row first:border-t-0"
              >
                <span data-user="" className="min-w-0 font-550">
                  {o.name}
                </span>
                <span data-user="" className="truncate text-meta text-fg-3">
                  {o.domains.join(", ")}
                </span>
                <span className="flex min-w-0 flex-1 flex-wrap gap-1">
                  {Object.entries(o.attrs).map(([k, v]) => (
                    <Tag key={k} user title={k}>
                      {k}: {v}
                    </Tag>
                  ))}
                </span>
                <Link to="/people" search={{ organisation: o.id }} className="link num text-meta">
                  {t("organisations.people", { count: o.people })}
                </Link>
                {mayChange ? (
                  <Button
                    size="sm"
                    aria-label={t("organisations.edit", { name: o.name })}
                    onClick={() => onEdit(o)}
                  >
                    {t("person.edit")}
                  </Button>
                ) : null}
              </li>
            ))}
          </ul>
        </Panel>
      ) : null}
    </>
  );
}

export function OrganisationDialog({
  organisation: o,
  onClose,
}: {
  organisation?: Organisation;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [name, setName] = useState(o?.name ?? "");
  const [domains, setDomains] = useState(o?.domains.join("\n") ?? "");
  const [attrs, setAttrs] = useState(attrsText(o?.attrs ?? {}));
  const done = () => {
    onClose();
    return cache.invalidateQueries({ queryKey: ["people"] });
  };
  const save = useMutation({
    mutationFn: () =>
      peopleApi.putOrganisation({
        id: o?.id,
        name,
        domains: domains.split(/[\s,]+/).filter(Boolean),
        attrs: readAttrs(attrs, o?.attrs ?? {}),
      }),
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: () => peopleApi.removeOrganisation(o?.id ?? ""),
    onSuccess: done,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={o ? t("organisations.edit", { name: o.name }) : t("organisations.new")}
      footer={
        <>
          {o ? (
            <Button
              look="danger"
              className="mr-auto"
              disabled={remove.isPending}
              onClick={() => remove.mutate()}
            >
              {t("organisations.remove")}
            </Button>
          ) : null}
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="organisation" look="primary" disabled={!name.trim() || save.isPending}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form id="organisation" onSubmit={submit} className="grid gap-4">
        <FormError error={save.error ?? remove.error} />
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
        <Field label={t("organisations.domains")} hint={t("organisations.domainsHint")}>
          {(w) => (
            <Textarea
              {...w}
              data-user=""
              rows={2}
              value={domains}
              onChange={(e) => setDomains(e.target.value)}
            />
          )}
        </Field>
        <Field label={t("people.attributes")} hint={t("organisations.attrsHint")}>
          {(w) => (
            <Textarea {...w} data-user="" rows={4} value={attrs} onChange={(e) => setAttrs(e.target.value)} />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
