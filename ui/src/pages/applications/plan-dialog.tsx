import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import { planApi, plansQuery } from "@/api/plans";
import type { Plan } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";
import { readQuotas, readRates, showRate } from "./plans";

const priorities = ["high", "medium", "low"] as const;
const zones = Intl.supportedValuesOf("timeZone");

/** Makes a plan, or changes what one allows. */
export function PlanDialog({ plan, onClose }: { plan?: Plan; onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState(plan?.name ?? "");
  const [description, setDescription] = useState(plan?.description ?? "");
  const [rates, setRates] = useState((plan?.limits ?? []).map(showRate).join(", "));
  const [quotas, setQuotas] = useState({ day: quotaOf(plan, "day"), month: quotaOf(plan, "month") });
  const [concurrent, setConcurrent] = useState(plan?.concurrent ? String(plan.concurrent) : "");
  const [priority, setPriority] = useState<(typeof priorities)[number]>(plan?.priority ?? "high");
  const read = readRates(rates);
  const save = useMutation({
    mutationFn: () => {
      const limits = {
        limits: read ?? [],
        quotas: readQuotas(quotas),
        concurrent: concurrent ? Number(concurrent) : undefined,
        priority: priority === "high" ? undefined : priority,
      };
      return plan
        ? planApi.change(plan.id, { description: description.trim(), limits })
        : planApi.create({ name: name.trim(), description: description.trim(), ...limits });
    },
    onSuccess: (made) => {
      toasts.show(t("toast.planSaved", { name: made.name }));
      onClose();
      return cache.invalidateQueries({ queryKey: plansQuery.queryKey });
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
      title={plan ? t("plans.edit", { name: plan.name }) : t("plans.new")}
      note={t(plan ? "plans.editNote" : "plans.newNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="plan" look="primary" disabled={!name.trim() || !read || save.isPending}>
            {plan ? t("common.save") : t("plans.create")}
          </Button>
        </>
      }
    >
      <form id="plan" onSubmit={submit} className="grid gap-4">
        <FormError error={save.error} />
        {plan ? null : (
          <Field label={t("plans.name")} hint={t("plans.nameHint")} error={of("name")}>
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
        )}
        <Field label={t("plans.description")} error={of("description")}>
          {(w) => (
            <Input
              {...w}
              autoFocus={plan !== undefined}
              maxLength={500}
              value={description}
              onChange={(e) => setDescription(e.target.value)}
            />
          )}
        </Field>
        <Field
          label={t("plans.rates")}
          hint={t("plans.ratesHint")}
          error={read ? undefined : t("plans.ratesWrong")}
        >
          {(w) => <Input {...w} value={rates} onChange={(e) => setRates(e.target.value)} />}
        </Field>
        {(["day", "month"] as const).map((per) => (
          <div key={per} className="grid grid-cols-2 gap-3">
            <Field label={t(`plans.${per}`)}>
              {(w) => (
                <Input
                  {...w}
                  type="number"
                  min={1}
                  value={quotas[per].count}
                  onChange={(e) => setQuotas({ ...quotas, [per]: { ...quotas[per], count: e.target.value } })}
                />
              )}
            </Field>
            <Field label={t(`plans.${per}Zone`)}>
              {(w) => (
                <Input
                  {...w}
                  list="plan-zones"
                  placeholder="UTC"
                  value={quotas[per].zone}
                  onChange={(e) => setQuotas({ ...quotas, [per]: { ...quotas[per], zone: e.target.value } })}
                />
              )}
            </Field>
          </div>
        ))}
        <datalist id="plan-zones">
          {zones.map((z) => (
            <option key={z} value={z} />
          ))}
        </datalist>
        <div className="grid grid-cols-2 items-start gap-3">
          <Field label={t("plans.concurrent")} hint={t("plans.concurrentHint")}>
            {(w) => (
              <Input
                {...w}
                type="number"
                min={1}
                value={concurrent}
                onChange={(e) => setConcurrent(e.target.value)}
              />
            )}
          </Field>
          <Field label={t("plans.priority")} hint={t("plans.priorityHint")}>
            {(w) => (
              <Select
                {...w}
                value={priority}
                onChange={(e) => setPriority(e.target.value as typeof priority)}
                options={priorities.map((p) => ({ value: p, label: t(`planPriority.${p}`) }))}
              />
            )}
          </Field>
        </div>
      </form>
    </Dialog>
  );
}

function quotaOf(plan: Plan | undefined, per: "day" | "month"): { count: string; zone: string } {
  const q = plan?.quotas.find((x) => x.per === per);
  return { count: q ? String(q.count) : "", zone: q?.zone ?? "" };
}
