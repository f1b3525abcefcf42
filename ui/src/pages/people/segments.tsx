import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { peopleApi, segmentsQuery } from "@/api/people";
import type { Segment, SegmentCondition } from "@/api/types";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Failure, FormError, RowsSkeleton } from "@/ui/states";

export function Segments({
  mayChange,
  onNew,
  onEdit,
}: {
  mayChange: boolean;
  onNew: () => void;
  onEdit: (s: Segment) => void;
}) {
  const { data, error, isPending, refetch } = useQuery(segmentsQuery);
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={4} height={40} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("segments.none")}
          action={mayChange ? <Button onClick={onNew}>{t("segments.new")}</Button> : null}
        >
          <p>{t("segments.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <ul aria-label={t("people.segments")}>
            {data.map((s) => (
              <li
                key={s.id}
                className="flex min-h-10 flex-wrap items-center gap-x-3 border-line border-t px-3 py-1 text-row first:border-t-0"
              >
                <Link to="/people" search={{ segment: s.id }} data-user="" className="link font-550">
                  {s.name}
                </Link>
                <span className="min-w-0 flex-1 truncate text-meta text-fg-3">
                  {s.conditions.map((c, i) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity
                    <span key={i}>
                      {i ? " · " : ""}
                      <span data-user="">{c.attribute}</span> {t(c.not ? "segments.isNot" : "segments.is")}{" "}
                      {c.values.length ? <span data-user="">{c.values.join(", ")}</span> : t("segments.any")}
                    </span>
                  ))}
                </span>
                {mayChange ? (
                  <Button
                    size="sm"
                    aria-label={t("segments.edit", { name: s.name })}
                    onClick={() => onEdit(s)}
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

/** A condition as it is typed. */
interface Draft {
  id: number;
  attribute: string;
  not: boolean;
  values: string;
}

const draft = (c: SegmentCondition | undefined, id: number): Draft => ({
  id,
  attribute: c?.attribute ?? "",
  not: c?.not ?? false,
  values: c?.values.join(", ") ?? "",
});

export function SegmentDialog({ segment, onClose }: { segment?: Segment; onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState(segment?.name ?? "");
  const [list, setList] = useState<Draft[]>(segment?.conditions.map(draft) ?? [draft(undefined, 0)]);
  const done = () => {
    onClose();
    return cache.invalidateQueries({ queryKey: ["people"] });
  };
  const save = useMutation({
    mutationFn: () =>
      peopleApi.putSegment(segment?.id, {
        name,
        conditions: list
          .filter((d) => d.attribute.trim())
          .map((d) => ({
            attribute: d.attribute.trim(),
            not: d.not,
            values: d.values
              .split(",")
              .map((v) => v.trim())
              .filter(Boolean),
          })),
      }),
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: () => peopleApi.removeSegment(segment?.id ?? ""),
    onSuccess: done,
  });
  const put = (id: number, change: Partial<Draft>) =>
    setList((all) => all.map((d) => (d.id === id ? { ...d, ...change } : d)));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={600}
      title={segment ? t("segments.edit", { name: segment.name }) : t("segments.new")}
      footer={
        <>
          {segment ? (
            <Button
              look="danger"
              className="mr-auto"
              disabled={remove.isPending}
              onClick={() => remove.mutate()}
            >
              {t("segments.remove")}
            </Button>
          ) : null}
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            form="segment"
            look="primary"
            disabled={!name.trim() || !list.some((d) => d.attribute.trim()) || save.isPending}
          >
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form id="segment" onSubmit={submit} className="grid gap-4">
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
        {list.map((d, i) => (
          <fieldset
            key={d.id}
            className="grid grid-cols-[1fr_1fr_auto] items-end gap-2 sm:grid-cols-[1fr_130px_1.4fr_auto]"
          >
            <legend className="sr-only">{t("segments.condition", { n: i + 1 })}</legend>
            <Field label={t("segments.attribute")}>
              {(w) => (
                <Input
                  {...w}
                  data-user=""
                  placeholder="tier"
                  value={d.attribute}
                  onChange={(e) => put(d.id, { attribute: e.target.value })}
                />
              )}
            </Field>
            <Select
              aria-label={t("segments.condition", { n: i + 1 })}
              value={d.not ? "not" : ""}
              onChange={(e) => put(d.id, { not: e.target.value === "not" })}
              options={[
                { value: "", label: t("segments.is") },
                { value: "not", label: t("segments.isNot") },
              ]}
            />
            <Field label={t("segments.values")}>
              {(w) => (
                <Input
                  {...w}
                  data-user=""
                  value={d.values}
                  onChange={(e) => put(d.id, { values: e.target.value })}
                />
              )}
            </Field>
            <IconButton
              label={t("segments.remove")}
              icon={X}
              disabled={list.length === 1}
              onClick={() => setList((all) => all.filter((x) => x.id !== d.id))}
            />
          </fieldset>
        ))}
        <p className="text-meta text-fg-3">{t("segments.valuesHint")}</p>
        <Button
          icon={Plus}
          className="justify-self-start"
          onClick={() => setList((all) => [...all, draft(undefined, Math.max(...all.map((x) => x.id)) + 1)])}
        >
          {t("segments.add")}
        </Button>
      </form>
    </Dialog>
  );
}
