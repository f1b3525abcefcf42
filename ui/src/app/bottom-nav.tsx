import { Link } from "@tanstack/react-router";
import { Command } from "lucide-react";
import { t } from "@/i18n";
import { compact } from "@/i18n/format";
import { Icon } from "@/ui/icon";
import { useNavLaunch } from "./launch";
import { overlays } from "./overlay";
import { places, settingsIcon } from "./places";

const cell =
  "relative grid flex-1 content-center justify-items-center gap-0.5 text-axis text-fg-3 aria-[current=page]:text-accent-text";

/** On phones: the four places used most, and the palette for all the rest. */
export function BottomNav() {
  const { launch } = useNavLaunch();
  return (
    <nav aria-label={t("nav.main")} className="flex h-13 flex-none border-line border-t bg-surface md:hidden">
      {launch
        ? places.slice(0, 3).map((p) => (
            <Link
              key={p.id}
              to={p.to}
              params={{ launchId: launch.id }}
              activeOptions={{ includeSearch: false, exact: p.exact }}
              className={cell}
            >
              <Icon of={p.icon} size={18} />
              {t(p.short ?? p.label)}
              {p.count === "to_triage" && launch.counts.to_triage ? (
                <span className="num absolute top-1 left-1/2 ml-2 rounded-full bg-accent px-1 text-[9.5px] leading-[14px] text-accent-fg">
                  {compact(launch.counts.to_triage)}
                </span>
              ) : null}
            </Link>
          ))
        : null}
      <Link to="/settings" className={cell}>
        <Icon of={settingsIcon} size={18} />
        {t("nav.settings")}
      </Link>
      <button type="button" className={cell} onClick={() => overlays.show("palette")}>
        <Icon of={Command} size={18} />
        {t("nav.more")}
      </button>
    </nav>
  );
}
