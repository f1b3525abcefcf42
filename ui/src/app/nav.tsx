import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { tip } from "@/actions/action-button";
import { t } from "@/i18n";
import { compact } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { useNavLaunch } from "./launch";
import { LaunchSwitcher } from "./launch-switcher";
import { ofWorkspace, places, settingsIcon } from "./places";
import { usePrefs } from "./use-prefs";
import { UserMenu } from "./user-menu";

// Not needed for the first paint, and the shell has a budget.
const MentionBell = lazy(() => import("./mention-bell"));

const item =
  "state relative flex h-7 items-center gap-[9px] rounded-2 px-2 text-row font-medium text-fg-2 hover:bg-hover pointer-coarse:h-10 aria-[current=page]:bg-muted aria-[current=page]:text-fg [&_svg]:text-fg-3 aria-[current=page]:[&_svg]:text-fg";
const narrow = "!h-8 w-9 pointer-coarse:!h-10 justify-center !px-0";

/** The navigation: 208 wide with words, or a rail of 52 whose words are names and tooltips. */
export function Nav({ wide }: { wide: boolean }) {
  const { launch } = useNavLaunch();
  const { singleKeys } = usePrefs();
  return (
    <nav
      aria-label={t("nav.main")}
      className={cx(
        "flex flex-none flex-col gap-px border-line border-r p-2 *:flex-none max-md:hidden",
        wide ? "w-[208px]" : "w-[52px] items-center",
      )}
    >
      <LaunchSwitcher wide={wide} />
      {/* On low screens the places scroll, and what is below them stays. */}
      <div
        className={cx(
          "-mx-2 flex min-h-0 !flex-1 flex-col gap-px overflow-x-hidden overflow-y-auto px-2 *:flex-none",
          !wide && "items-center self-stretch",
        )}
      >
        {places
          .filter((p) => launch !== undefined || ofWorkspace(p))
          .map((p) => (
            <div key={p.id} className={cx(!wide && "grid justify-items-center")}>
              {p.group ? (
                wide ? (
                  <p className="px-2 pt-3 pb-1 text-[11px] leading-4 font-medium text-fg-3">{t(p.group)}</p>
                ) : (
                  <hr className="my-[7px] w-5 border-line" />
                )
              ) : null}
              <Link
                to={p.to}
                params={{ launchId: launch?.id ?? "" }}
                activeOptions={{ includeSearch: false, exact: p.exact }}
                title={tip(t(p.label), singleKeys ? p.keys : undefined)}
                className={cx(item, !wide && narrow)}
              >
                <Icon of={p.icon} />
                <span className={wide ? "" : "sr-only"}>{t(p.label)}</span>
                {p.count && launch ? (
                  <Count wide={wide} n={launch.counts[p.count]} hot={p.count === "to_triage"} />
                ) : null}
              </Link>
            </div>
          ))}
      </div>
      <Suspense fallback={<span className={cx(item, !wide && narrow)} />}>
        <MentionBell wide={wide} className={cx(item, !wide && narrow)} />
      </Suspense>
      <Link to="/settings" title={wide ? undefined : t("nav.settings")} className={cx(item, !wide && narrow)}>
        <Icon of={settingsIcon} />
        <span className={wide ? "" : "sr-only"}>{t("nav.settings")}</span>
      </Link>
      <div className={cx("mt-1 border-line border-t pt-1", wide ? "" : "grid justify-items-center")}>
        <UserMenu wide={wide} />
      </div>
    </nav>
  );
}

function Count({ wide, n, hot }: { wide: boolean; n: number; hot: boolean }) {
  if (!n) return null;
  if (!wide) {
    if (!hot) return null;
    return (
      <span className="num absolute -top-[3px] -right-1 rounded-full bg-accent px-1 text-[9.5px] leading-[14px] text-accent-fg">
        {compact(n)}
      </span>
    );
  }
  return (
    <span
      className={cx(
        "num ml-auto text-[11px] font-medium",
        hot ? "rounded-full bg-accent-soft px-1.5 leading-[17px] text-accent-text" : "text-fg-3",
      )}
    >
      {compact(n)}
    </span>
  );
}
