import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FlaskConical, Play } from "lucide-react";
import { useState } from "react";
import { importApi, importQuery, importsQuery } from "@/api/imports";
import type { Import, ImportMapping } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Checkbox, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { FormError } from "@/ui/states";
import { ImportSample } from "./import-sample";
import { freeColumns, isAttr, type MapField, mapField, mapFields, toggleAttr } from "./mapping";

/** Which column fills which field, with the guess and its reason; the sample follows every change. */
export function ImportMap({ item }: { item: Import }) {
  const cache = useQueryClient();
  const [mapping, setMapping] = useState<ImportMapping>(item.mapping);
  const [checked, setChecked] = useState(false);
  const keep = (next: Import) => cache.setQueryData(importQuery(item.id).queryKey, next);
  const preview = useMutation({
    mutationFn: (v: { mapping: ImportMapping; dryRun: boolean }) =>
      importApi.preview(item.id, v.mapping, v.dryRun),
    onSuccess: (next, v) => {
      keep(next);
      setChecked(v.dryRun);
    },
  });
  const start = useMutation({
    mutationFn: () => importApi.start(item.id, mapping),
    onSuccess: (next) => {
      keep(next);
      void cache.invalidateQueries({ queryKey: importsQuery(item.launch_id).queryKey });
    },
  });
  const change = (next: ImportMapping) => {
    setMapping(next);
    setChecked(false);
    preview.mutate({ mapping: next, dryRun: false });
  };
  const busy = preview.isPending || start.isPending;
  return (
    <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,460px)_minmax(0,1fr)]">
      <Panel title={t("map.title")} note={t("map.columns", { count: item.columns.length })}>
        <div>
          {mapFields.map((f) => (
            <FieldRow key={f} field={f} item={item} mapping={mapping} onChange={change} />
          ))}
          <Scales mapping={mapping} onChange={change} />
          <Extra item={item} mapping={mapping} onChange={change} />
        </div>
        <div className="grid gap-2 border-line border-t p-3">
          <FormError error={start.error ?? preview.error} />
          {item.notes?.map((note) => (
            <p key={note} className="text-dense text-fg-2">
              {note}
            </p>
          ))}
          {checked ? <DryRun item={item} /> : null}
          <div className="flex flex-wrap gap-2">
            <Button
              look="primary"
              icon={Play}
              disabled={busy || !mapping.text}
              onClick={() => start.mutate()}
            >
              {t("map.start")}
            </Button>
            <Button
              icon={FlaskConical}
              disabled={busy}
              onClick={() => preview.mutate({ mapping, dryRun: true })}
            >
              {t("map.dryRun")}
            </Button>
          </div>
          {mapping.text ? null : <p className="text-meta text-critical">{t("map.noText")}</p>}
        </div>
      </Panel>
      <ImportSample item={item} busy={preview.isPending} />
    </div>
  );
}

function FieldRow({
  field,
  item,
  mapping,
  onChange,
}: {
  field: MapField;
  item: Import;
  mapping: ImportMapping;
  onChange: (m: ImportMapping) => void;
}) {
  const label = t(`field.${field}`);
  const guessed = mapping[field] !== undefined && mapping[field] === item.mapping[field];
  const reason = guessed ? item.guess_reason?.[field] : undefined;
  return (
    <div className="grid grid-cols-[104px_minmax(0,1fr)] items-center gap-x-3 border-line border-t px-3 py-1">
      <span className="text-dense font-550">{label}</span>
      <Select
        aria-label={t("map.column", { field: label })}
        className="!h-7"
        value={mapping[field] ?? ""}
        onChange={(e) => onChange(mapField(mapping, field, e.target.value))}
        options={[{ value: "", label: t("map.none") }, ...item.columns.map((c) => ({ value: c, label: c }))]}
      />
      {reason ? <p className="col-start-2 text-meta text-fg-3">{reason}</p> : null}
    </div>
  );
}

/** What cannot be told from the columns alone: how dates are written, and how far ratings go. */
function Scales({ mapping, onChange }: { mapping: ImportMapping; onChange: (m: ImportMapping) => void }) {
  const row = "grid grid-cols-[104px_minmax(0,1fr)] items-center gap-x-3 border-line border-t px-3 py-1";
  return (
    <>
      {mapping.occurred_at ? (
        <div className={row}>
          <span className="text-dense font-550">{t("map.dateOrder")}</span>
          <Select
            aria-label={t("map.dateOrder")}
            className="!h-7"
            value={mapping.date_order ?? ""}
            onChange={(e) =>
              onChange({
                ...mapping,
                date_order: (e.target.value || undefined) as ImportMapping["date_order"],
              })
            }
            options={[
              { value: "", label: t("map.dateAuto") },
              { value: "dmy", label: t("map.dmy") },
              { value: "mdy", label: t("map.mdy") },
            ]}
          />
        </div>
      ) : null}
      {mapping.rating ? (
        <div className={row}>
          <span className="text-dense font-550">{t("map.ratingMax")}</span>
          <Select
            aria-label={t("map.ratingMax")}
            className="!h-7"
            value={String(mapping.rating_max ?? "")}
            onChange={(e) =>
              onChange({ ...mapping, rating_max: e.target.value ? Number(e.target.value) : undefined })
            }
            options={[
              { value: "", label: t("map.ratingAuto") },
              ...["5", "10", "100"].map((v) => ({ value: v, label: v })),
            ]}
          />
        </div>
      ) : null}
    </>
  );
}

function Extra({
  item,
  mapping,
  onChange,
}: {
  item: Import;
  mapping: ImportMapping;
  onChange: (m: ImportMapping) => void;
}) {
  const free = freeColumns(item.columns, mapping);
  if (free.length === 0) return null;
  return (
    <fieldset className="border-line border-t px-3 py-2">
      <legend className="sr-only">{t("map.extra")}</legend>
      <p className="text-dense font-550">{t("map.extra")}</p>
      <div className="mt-1 flex flex-wrap gap-x-4">
        {free.map((c) => (
          <Checkbox
            key={c}
            label={<span className="id">{c}</span>}
            checked={isAttr(mapping, c)}
            onChange={() => onChange(toggleAttr(mapping, c))}
          />
        ))}
      </div>
    </fieldset>
  );
}

function DryRun({ item }: { item: Import }) {
  const d = item.dry_run;
  if (!d) return null;
  return (
    <div role="status" className="grid gap-1 rounded-2 bg-muted px-3 py-2 text-dense">
      <p>{t("map.dryRunResult", { rows: d.rows, good: d.good, bad: d.bad, duplicates: d.duplicates })}</p>
      {d.errors.length ? (
        <ul>
          {d.errors.slice(0, 5).map((e) => (
            <li key={e.row} className="text-critical">
              {t("map.rowError", { row: e.row, reason: e.reason })}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
