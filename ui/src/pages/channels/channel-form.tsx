import type { ChannelKind } from "@/api/types";
import { t } from "@/i18n";
import { Checkbox, Field, Input, Select, Textarea } from "@/ui/field";

type KindField = ChannelKind["fields"][number];
export type Values = Record<string, unknown>;

/** What a kind of channel asks for, one field below the other. The words are the server's. */
export function KindFields({
  fields,
  values,
  kept,
  error,
  onChange,
}: {
  fields: KindField[];
  values: Values;
  /** Names of secrets that are set already. */
  kept: string[];
  error: (field: string) => string | undefined;
  onChange: (next: Values) => void;
}) {
  return fields.map((f) => {
    const set = (v: unknown) => onChange({ ...values, [f.name]: v });
    const value = values[f.name] ?? f.default;
    if (f.type === "bool")
      return (
        <Checkbox
          key={f.name}
          label={<span data-user="">{f.label}</span>}
          checked={value === true}
          onChange={(e) => set(e.target.checked)}
        />
      );
    const hint = f.type === "secret" && kept.includes(f.name) ? t("channels.secretKept") : f.hint;
    const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
    return (
      <div key={f.name} data-user="">
        <Field label={f.label} hint={hint} error={error(f.name)}>
          {(w) =>
            f.type === "area" ? (
              <Textarea
                {...w}
                rows={5}
                className="font-mono"
                required={f.required}
                placeholder={f.placeholder}
                value={text}
                onChange={(e) => set(e.target.value)}
              />
            ) : f.type === "select" ? (
              <Select
                {...w}
                value={text}
                onChange={(e) => set(e.target.value)}
                options={(f.options ?? []).map((o) => ({ value: o, label: o }))}
              />
            ) : (
              <Input
                {...w}
                type={f.type === "secret" ? "password" : f.type === "number" ? "number" : "text"}
                autoComplete="off"
                required={f.required && !(f.type === "secret" && kept.includes(f.name))}
                placeholder={f.placeholder}
                value={text}
                onChange={(e) =>
                  set(f.type === "number" && e.target.value !== "" ? Number(e.target.value) : e.target.value)
                }
              />
            )
          }
        </Field>
      </div>
    );
  });
}

/** Settings and secrets apart, as the API takes them; what was left empty is left out. */
export function split(fields: KindField[], values: Values) {
  const settings: Values = {};
  const secrets: Record<string, string> = {};
  for (const f of fields) {
    const v = values[f.name] ?? f.default;
    if (v === undefined || v === "") continue;
    if (f.type === "secret") secrets[f.name] = String(v);
    else settings[f.name] = v;
  }
  return { settings, secrets };
}
