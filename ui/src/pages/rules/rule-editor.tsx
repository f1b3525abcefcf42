import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/error";
import { ruleApi, rulesQuery } from "@/api/rules";
import type { Rule, RuleInput } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/ui/field";
import { FormError } from "@/ui/states";
import { severities } from "../shared/vocabulary";
import { RulePreview } from "./rule-preview";

const example = 'category == "bug" && text.contains("checkout")';

/** Condition in CEL and what follows from it; the preview shows what it would have hit. */
export function RuleEditor({
  rule,
  launchId,
  onClose,
}: {
  rule: Rule | undefined;
  launchId: string;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  const [name, setName] = useState(rule?.name ?? "");
  const [when, setWhen] = useState(rule?.when ?? "");
  const [then, setThen] = useState<RuleInput["then"]>(rule?.then ?? {});
  const done = () => {
    void cache.invalidateQueries({ queryKey: rulesQuery(launchId).queryKey });
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      rule
        ? ruleApi.patch(rule.id, { name, when, then })
        : ruleApi.create(launchId, { name, when, then, enabled: true }),
    onSuccess: () => {
      toasts.show(t("toast.saved"));
      done();
    },
  });
  const remove = useMutation({ mutationFn: () => ruleApi.remove(rule?.id ?? ""), onSuccess: done });
  const problem = save.error instanceof ApiError ? save.error : undefined;
  const tried = useSettled(when, 400);
  return (
    <Dialog
      open
      onClose={onClose}
      width={720}
      title={rule ? t("rules.edit") : t("rules.new")}
      footer={
        <>
          {rule ? (
            <Button
              look="danger"
              className="mr-auto"
              disabled={remove.isPending}
              onClick={() => remove.mutate()}
            >
              {t("rules.delete")}
            </Button>
          ) : null}
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            look="primary"
            disabled={!name.trim() || !when.trim() || save.isPending}
            onClick={() => save.mutate()}
          >
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <FormError error={save.error ?? remove.error} />
        <Field label={t("rules.name")} error={problem?.field("name")}>
          {(w) => <Input {...w} autoFocus value={name} onChange={(e) => setName(e.target.value)} />}
        </Field>
        <Field label={t("rules.when")} hint={t("rules.whenHint")} error={problem?.field("when")}>
          {(w) => (
            <Textarea
              {...w}
              rows={3}
              spellCheck={false}
              className="font-mono !text-[12px]"
              placeholder={example}
              value={when}
              onChange={(e) => setWhen(e.target.value)}
            />
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label={t("rules.severity")}>
            {(w) => (
              <Select
                {...w}
                value={then.severity ?? ""}
                onChange={(e) =>
                  setThen({
                    ...then,
                    severity: (e.target.value || undefined) as RuleInput["then"]["severity"],
                  })
                }
                options={[
                  { value: "", label: t("rules.keep") },
                  ...severities.map((s) => ({ value: s, label: word("severity.long", s) })),
                ]}
              />
            )}
          </Field>
          <Field label={t("rules.assign")}>
            {(w) => (
              <Select
                {...w}
                value={then.assign ?? ""}
                onChange={(e) => setThen({ ...then, assign: e.target.value || undefined })}
                options={[
                  { value: "", label: t("rules.keep") },
                  ...people.map((p) => ({ value: p.id, label: p.name })),
                ]}
              />
            )}
          </Field>
          <Field label={t("rules.tags")}>
            {(w) => (
              <Input
                {...w}
                defaultValue={then.tag?.join(", ") ?? ""}
                onBlur={(e) => {
                  const tag = e.target.value
                    .split(",")
                    .map((x) => x.trim())
                    .filter(Boolean);
                  setThen({ ...then, tag: tag.length ? tag : undefined });
                }}
              />
            )}
          </Field>
        </div>
        <Checkbox
          label={t("rules.ignore")}
          checked={then.ignore ?? false}
          onChange={(e) => setThen({ ...then, ignore: e.target.checked || undefined })}
        />
        <RulePreview launchId={launchId} when={tried} then={then} />
      </div>
    </Dialog>
  );
}

/** The value once it has rested for `ms`. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
