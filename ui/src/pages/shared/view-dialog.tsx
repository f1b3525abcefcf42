import { type FormEvent, useId, useState } from "react";
import type { View } from "@/api/types";
import { useMe } from "@/app/launch";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";

export interface ViewForm {
  name: string;
  shared: boolean;
  /** Counted from 1; undefined where it goes last. */
  position?: number;
}

/** Name, sharing and, for a view that is there, its place among the others of its kind. */
export function ViewDialog({
  view,
  places = 0,
  onSave,
  onClose,
}: {
  view?: View;
  places?: number;
  onSave: (form: ViewForm) => Promise<void>;
  onClose: () => void;
}) {
  const form = useId();
  const maySave = useMe().permissions?.includes("work_feedback") ?? false;
  const [name, setName] = useState(view?.name ?? "");
  const [shared, setShared] = useState(view?.shared ?? false);
  const [position, setPosition] = useState(view?.position ?? 1);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const placed = view !== undefined && shared === view.shared && places > 1;

  const save = async (e: FormEvent) => {
    e.preventDefault();
    if (!name.trim() || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSave({ name: name.trim(), shared, position: placed ? position : undefined });
      onClose();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(view ? "views.editTitle" : "views.saveTitle")}
      note={view ? undefined : t("views.saveNote")}
      width={400}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form={form} look="primary" disabled={!name.trim() || busy}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={(e) => void save(e)} className="grid gap-3">
        <FormError error={error} />
        <Field label={t("views.name")}>
          {(wiring) => (
            <Input
              {...wiring}
              autoFocus
              required
              maxLength={80}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        {maySave ? (
          <Checkbox label={t("views.share")} checked={shared} onChange={(e) => setShared(e.target.checked)} />
        ) : (
          <p className="text-meta text-fg-3">{t("views.shareNot")}</p>
        )}
        {placed ? (
          <Field label={t("views.place")}>
            {(wiring) => (
              <Select
                {...wiring}
                className="!w-20"
                value={String(position)}
                onChange={(e) => setPosition(Number(e.target.value))}
                options={Array.from({ length: places }, (_, i) => ({
                  value: String(i + 1),
                  label: String(i + 1),
                }))}
              />
            )}
          </Field>
        ) : null}
      </form>
    </Dialog>
  );
}
