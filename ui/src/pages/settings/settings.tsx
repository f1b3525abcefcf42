import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Suspense } from "react";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { Skeleton } from "@/ui/states";

const pages = ["members", "tokens", "appearance", "audit"] as const;

export default function Settings() {
  const me = useMe();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const here = pages.find((p) => path.endsWith(p)) ?? "members";
  return (
    <Page title={t(`settings.${here}`)} note={me.workspace.name}>
      <div className="grid items-start gap-4 md:grid-cols-[168px_minmax(0,860px)]">
        <nav aria-label={t("nav.settings")} className="flex gap-px overflow-x-auto md:grid">
          {pages.map((p) => (
            <Link
              key={p}
              to={`/settings/${p}`}
              className="state flex h-7 flex-none items-center rounded-2 px-2 text-row font-medium text-fg-2 hover:bg-hover aria-[current=page]:bg-muted aria-[current=page]:text-fg"
            >
              {t(`settings.${p}`)}
            </Link>
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
