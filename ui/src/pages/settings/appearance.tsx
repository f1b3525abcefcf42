import { type Prefs, prefs } from "@/app/prefs";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { Checkbox } from "@/ui/field";
import { Panel } from "@/ui/panel";

/** Choices of this browser; the account is the same everywhere. */
export default function Appearance() {
  const p = usePrefs();
  return (
    <Panel title={t("settings.appearance")} note={t("appearance.note")}>
      <div className="grid gap-4 border-line border-t p-3">
        <Choice<Prefs["theme"]>
          name="theme"
          label={t("appearance.theme")}
          value={p.theme}
          options={[
            { value: "system", label: t("appearance.system") },
            { value: "light", label: t("appearance.light") },
            { value: "dark", label: t("appearance.dark") },
          ]}
          onChange={(theme) => prefs.set({ theme })}
        />
        <Choice<Prefs["density"]>
          name="density"
          label={t("appearance.density")}
          value={p.density}
          options={[
            { value: "compact", label: t("appearance.compact") },
            { value: "default", label: t("appearance.normal") },
            { value: "relaxed", label: t("appearance.relaxed") },
          ]}
          onChange={(density) => prefs.set({ density })}
        />
        <div className="grid gap-0.5">
          <Checkbox
            label={t("appearance.singleKeys")}
            checked={p.singleKeys}
            onChange={(e) => prefs.set({ singleKeys: e.target.checked })}
          />
          <p className="pl-[22px] text-meta text-fg-3">{t("appearance.singleKeysNote")}</p>
        </div>
      </div>
    </Panel>
  );
}

function Choice<T extends string>({
  name,
  label,
  value,
  options,
  onChange,
}: {
  name: string;
  label: string;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset>
      <legend className="mb-1 text-dense font-medium">{label}</legend>
      <div className="flex flex-wrap gap-x-5">
        {options.map((o) => (
          <label key={o.value} className="inline-flex min-h-6 items-center gap-2">
            <input
              type="radio"
              name={name}
              className="accent-accent"
              checked={o.value === value}
              onChange={() => onChange(o.value)}
            />
            {o.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
