import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { outlineQuery } from "@/api/gateway";
import { rolloutApi } from "@/api/rollouts";
import type { Rollout, RolloutInput } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";
import { apiName, readSteps } from "./state";
import { afterRollout } from "./use-act";

const strategies = [
  { value: "canary", label: "rollouts.canaryStrategy" },
  { value: "blue_green", label: "rollouts.blueGreen" },
] as const;
const stickies = ["user", "application", "address", "none"] as const;

/** Starts a rollout: what is new, how fast it comes, and who stays together. */
export function StartDialog({ onClose, onDone }: { onClose: () => void; onDone: (r: Rollout) => void }) {
  const cache = useQueryClient();
  const { data: outline } = useQuery(outlineQuery);
  const [which, setWhich] = useState(0);
  const [chosen, setChosen] = useState("");
  const [strategy, setStrategy] = useState<"canary" | "blue_green">("canary");
  const [steps, setSteps] = useState("5:10m, 25:10m, 50:10m, 100:10m");
  const [sticky, setSticky] = useState<(typeof stickies)[number]>("user");
  const [health, setHealth] = useState("");
  const [confirm, setConfirm] = useState(false);
  const apis = (outline?.apis ?? []).filter((a) => a.state === "published" || a.state === "deprecated");
  const api = apis[which];
  const now = new Set(api?.routes.flatMap((r) => r.shares.map((s) => s.upstream)) ?? []);
  const all = outline?.upstreams.map((u) => u.name) ?? [];
  const others = now.size === 1 ? all.filter((u) => !now.has(u)) : all;
  const canary = others.includes(chosen) ? chosen : (others[0] ?? "");
  const read = readSteps(steps);
  const start = useMutation({
    mutationFn: () => {
      const body: RolloutInput = {
        api: api?.name ?? "",
        version: api?.version || undefined,
        canary,
        strategy,
        steps: strategy === "canary" ? read : undefined,
        sticky: { by: sticky },
        health: health.trim() ? { path: health.trim() } : undefined,
        confirm: confirm || undefined,
      };
      return rolloutApi.start(body);
    },
    onSuccess: (made) => {
      toasts.show(t("toast.rolloutStarted", { name: made.canary }));
      onClose();
      onDone(made);
      return Promise.all(afterRollout.map((key) => cache.invalidateQueries({ queryKey: [key] })));
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    start.mutate();
  };
  const ready = api !== undefined && canary !== "" && (strategy === "blue_green" || read !== undefined);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("rollouts.new")}
      note={t("rollouts.newNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="rollout" look="primary" disabled={!ready || start.isPending}>
            {t("rollouts.start")}
          </Button>
        </>
      }
    >
      <form id="rollout" onSubmit={submit} className="grid gap-4">
        <FormError error={start.error} />
        {outline && others.length === 0 ? <p className="text-fg-2">{t("rollouts.noOther")}</p> : null}
        <Field label={t("rollouts.api")}>
          {(w) => (
            <Select
              {...w}
              autoFocus
              data-user=""
              value={String(which)}
              onChange={(e) => setWhich(Number(e.target.value))}
              options={apis.map((a, i) => ({
                value: String(i),
                label: apiName({ api: a.name, version: a.version }),
              }))}
            />
          )}
        </Field>
        <Field label={t("rollouts.canary")} hint={t("rollouts.canaryHint")}>
          {(w) => (
            <Select
              {...w}
              data-user=""
              value={canary}
              onChange={(e) => setChosen(e.target.value)}
              options={others.map((u) => ({ value: u, label: u }))}
            />
          )}
        </Field>
        <Field label={t("rollouts.strategy")}>
          {(w) => (
            <Select
              {...w}
              value={strategy}
              onChange={(e) => setStrategy(e.target.value as typeof strategy)}
              options={strategies.map((s) => ({ value: s.value, label: t(s.label) }))}
            />
          )}
        </Field>
        {strategy === "canary" ? (
          <Field
            label={t("rollouts.steps")}
            hint={t("rollouts.stepsHint")}
            error={read ? undefined : t("rollouts.stepsWrong")}
          >
            {(w) => <Input {...w} value={steps} onChange={(e) => setSteps(e.target.value)} />}
          </Field>
        ) : null}
        <Field label={t("rollouts.sticky")}>
          {(w) => (
            <Select
              {...w}
              value={sticky}
              onChange={(e) => setSticky(e.target.value as typeof sticky)}
              options={stickies.map((s) => ({ value: s, label: t(`sticky.${s}`) }))}
            />
          )}
        </Field>
        <Field label={t("rollouts.health")} hint={t("rollouts.healthHint")}>
          {(w) => <Input {...w} maxLength={500} value={health} onChange={(e) => setHealth(e.target.value)} />}
        </Field>
        <Checkbox
          label={t("rollouts.confirm")}
          checked={confirm}
          onChange={(e) => setConfirm(e.target.checked)}
        />
      </form>
    </Dialog>
  );
}
