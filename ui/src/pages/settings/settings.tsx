import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Fragment, Suspense, useEffect, useRef } from "react";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { settingsFor } from "@/app/places";
import { t } from "@/i18n";
import { Icon } from "@/ui/icon";
import { Skeleton } from "@/ui/states";

/** Frame of the settings: their navigation at the side, above on narrow screens. */
export default function Settings() {
  const me = useMe();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const pages = settingsFor(me.permissions);
  const here = pages.find((p) => path.endsWith(`/${p.id}`))?.id ?? "profile";
  const nav = useRef<HTMLElement>(null);
  // On a narrow screen the row of pages scrolls; the present one must be in sight.
  useEffect(() => {
    if (path)
      nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <Page title={t(`settings.${here}`)} note={t(`settings.${here}Note`)}>
      <div className="grid items-start gap-4 md:grid-cols-[176px_minmax(0,860px)]">
        <nav ref={nav} aria-label={t("nav.settings")} className="flex gap-px overflow-x-auto py-0.5 md:grid">
          {pages.map((p, i) => (
            <Fragment key={p.id}>
              {pages[i - 1]?.group !== p.group ? (
                <p className="px-2 pt-2 pb-1 text-[11px] leading-4 font-medium text-fg-3 max-md:hidden">
                  {t(p.group)}
                </p>
              ) : null}
              <Link
                to={`/settings/${p.id}`}
                className="state flex h-7 flex-none items-center gap-2 rounded-2 px-2 text-row font-medium whitespace-nowrap text-fg-2 hover:bg-hover aria-[current=page]:bg-muted aria-[current=page]:text-fg pointer-coarse:h-10"
              >
                <Icon of={p.icon} size={15} className="text-fg-3 max-md:hidden" />
                {t(`settings.${p.id}`)}
              </Link>
            </Fragment>
          ))}
        </nav>
        <div className="grid min-w-0 gap-3">
          <Suspense fallback={<Skeleton />}>
            <Outlet />
          </Suspense>
        </div>
      </div>
    </Page>
  );
}
