import { type Prefs, prefs } from "@/app/prefs";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { Panel } from "@/ui/panel";
import { Choice } from "./choice";

/** Choices of this browser; the account is the same everywhere. */
export default function Appearance() {
  const p = usePrefs();
  return (
    <Panel>
      <div className="grid gap-4 p-3">
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
          hint={t("appearance.densityNote")}
          value={p.density}
          options={[
            { value: "compact", label: t("appearance.compact") },
            { value: "default", label: t("appearance.normal") },
            { value: "relaxed", label: t("appearance.relaxed") },
          ]}
          onChange={(density) => prefs.set({ density })}
        />
        <Choice<"auto" | "wide" | "narrow">
          name="nav"
          label={t("appearance.nav")}
          value={p.wideNav === undefined ? "auto" : p.wideNav ? "wide" : "narrow"}
          options={[
            { value: "auto", label: t("appearance.navAuto") },
            { value: "wide", label: t("appearance.navWide") },
            { value: "narrow", label: t("appearance.navNarrow") },
          ]}
          onChange={(nav) => prefs.set({ wideNav: nav === "auto" ? undefined : nav === "wide" })}
        />
      </div>
    </Panel>
  );
}
