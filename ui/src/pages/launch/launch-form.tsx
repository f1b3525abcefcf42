import { type FormEvent, type ReactNode, useMemo, useState } from "react";
import { ApiError } from "@/api/error";
import type { Launch, LaunchInput } from "@/api/types";
import { t } from "@/i18n";
import { Field, Input, Textarea } from "@/ui/field";
import { FormError } from "@/ui/states";

const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
const dayOf = (iso: string | undefined) => (iso ? iso.slice(0, 10) : "");
const addDays = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

/** What a launch is: name, scope, window, zone, services. For a new one and for its settings. */
export function LaunchForm({
  launch,
  error,
  onSubmit,
  footer,
}: {
  launch?: Launch;
  error: unknown;
  onSubmit: (input: LaunchInput & { services: string[] }) => void;
  footer: ReactNode;
}) {
  const [form, setForm] = useState(() => ({
    name: launch?.name ?? "",
    scope: launch?.scope ?? "",
    starts: launch ? dayOf(launch.starts_at) : addDays(0),
    ends: launch ? dayOf(launch.ends_at) : addDays(28),
    zone: launch?.time_zone ?? ownZone(),
    services: launch?.services.join(", ") ?? "",
    triage: String(launch?.triage_target_minutes ?? 240),
  }));
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const problem = error instanceof ApiError ? error : undefined;
  const put = (key: keyof typeof form) => (e: { target: { value: string } }) =>
    setForm((f) => ({ ...f, [key]: e.target.value }));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSubmit({
      name: form.name,
      scope: form.scope,
      ...(form.starts ? { starts_at: `${form.starts}T00:00:00Z` } : {}),
      ...(form.ends ? { ends_at: `${form.ends}T23:59:59Z` } : {}),
      time_zone: form.zone,
      triage_target_minutes: Number(form.triage) || 0,
      services: form.services
        .split(",")
        .map((s) => s.trim())
        .filter(Boolean),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <FormError error={error} />
      <Field label={t("launch.name")} hint={t("launch.nameHint")} error={problem?.field("name")}>
        {(w) => <Input {...w} required autoFocus={!launch} value={form.name} onChange={put("name")} />}
      </Field>
      <Field label={t("launch.scope")} hint={t("launch.scopeHint")} error={problem?.field("scope")}>
        {(w) => <Textarea {...w} rows={3} value={form.scope} onChange={put("scope")} />}
      </Field>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label={t("launch.starts")} error={problem?.field("starts_at")}>
          {(w) => <Input {...w} type="date" value={form.starts} onChange={put("starts")} />}
        </Field>
        <Field label={t("launch.ends")} error={problem?.field("ends_at")}>
          {(w) => <Input {...w} type="date" min={form.starts} value={form.ends} onChange={put("ends")} />}
        </Field>
        <Field label={t("launch.zone")} error={problem?.field("time_zone")}>
          {(w) => <Input {...w} required list="zones" value={form.zone} onChange={put("zone")} />}
        </Field>
        <datalist id="zones">
          {zones.map((z) => (
            <option key={z} value={z} />
          ))}
        </datalist>
      </div>
      <Field label={t("launch.services")} hint={t("launch.servicesHint")} error={problem?.field("services")}>
        {(w) => <Input {...w} value={form.services} onChange={put("services")} />}
      </Field>
      <Field
        label={t("launch.triageTarget")}
        hint={t("launch.triageTargetHint")}
        error={problem?.field("triage_target_minutes")}
      >
        {(w) => (
          <Input
            {...w}
            type="number"
            inputMode="numeric"
            min={1}
            max={43200}
            required
            value={form.triage}
            onChange={put("triage")}
          />
        )}
      </Field>
      <div className="flex flex-wrap items-center gap-2">{footer}</div>
    </form>
  );
}
