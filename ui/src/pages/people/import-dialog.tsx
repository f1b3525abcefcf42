import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { peopleApi } from "@/api/people";
import type { PeopleImport } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormError } from "@/ui/states";
import { Tag } from "@/ui/tag";

/** A file of people: it is tried as soon as it is chosen, and taken in when that looks right. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [file, setFile] = useState<File>();
  const preview = useMutation({ mutationFn: (f: File) => peopleApi.importFile(f, true) });
  const go = useMutation({
    mutationFn: (f: File) => peopleApi.importFile(f, false),
    onSuccess: (r) => {
      toasts.show(t("toast.peopleImported", { created: r.created, updated: r.updated }));
      onClose();
      return cache.invalidateQueries({ queryKey: ["people"] });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      width={600}
      title={t("peopleImport.title")}
      note={t("peopleImport.note")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            look="primary"
            disabled={!file || !preview.data || go.isPending}
            onClick={() => file && go.mutate(file)}
          >
            {t("peopleImport.start")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <FormError error={preview.error ?? go.error} />
        <Field label={t("peopleImport.file")}>
          {(w) => (
            <Input
              {...w}
              type="file"
              accept=".csv,.tsv,.txt,text/csv"
              className="py-1"
              onChange={(e) => {
                const chosen = e.target.files?.[0];
                setFile(chosen);
                preview.reset();
                if (chosen) preview.mutate(chosen);
              }}
            />
          )}
        </Field>
        {preview.data ? <Preview result={preview.data} /> : null}
      </div>
    </Dialog>
  );
}

function Preview({ result: r }: { result: PeopleImport }) {
  return (
    <div className="grid gap-2">
      <p role="status">
        {t("peopleImport.result", {
          rows: r.rows,
          created: r.created,
          updated: r.updated,
          unchanged: r.unchanged,
        })}
      </p>
      <h3 className="text-dense font-medium">{t("peopleImport.preview")}</h3>
      <ul className="flex flex-wrap gap-1.5 text-dense">
        {r.columns.map((c, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: columns of one file never move
          <li key={i} className="inline-flex items-center gap-1">
            <span data-user="">{c.header}</span>
            <Tag user tone={c.as ? "accent" : "plain"}>
              {c.as || t("peopleImport.left")}
            </Tag>
          </li>
        ))}
      </ul>
      {r.errors.length ? (
        <ul className="max-h-40 overflow-auto text-dense text-critical">
          {r.errors.map((e, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a list that never changes
            <li key={i} data-user="">
              {t("peopleImport.row", { row: e.row, message: e.message })}
            </li>
          ))}
          {r.more_errors ? <li>{t("peopleImport.more", { count: r.more_errors })}</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
