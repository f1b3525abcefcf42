import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { importsQuery } from "@/api/imports";
import type { Import } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { bytes, number } from "@/i18n/format";
import { Panel } from "@/ui/panel";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { DropFile } from "./drop-file";
import { ImportState } from "./import-state";

export default function Imports() {
  const launch = useLaunch();
  const { data, error, isPending, refetch } = useQuery(importsQuery(launch.id));
  return (
    <Page title={t("imports.title")} note={t("imports.note")}>
      <DropFile launch={launch.id} />
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={3} />
        </Panel>
      ) : null}
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {data?.length ? (
        <Panel title={t("imports.before")} note={number(data.length)}>
          <ul>
            {data.map((i) => (
              <ImportRow key={i.id} item={i} launchId={launch.id} />
            ))}
          </ul>
        </Panel>
      ) : null}
    </Page>
  );
}

function ImportRow({ item, launchId }: { item: Import; launchId: string }) {
  const p = item.progress;
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 border-line border-t px-3 py-1.5 text-row hover:bg-hover md:grid-cols-[minmax(0,1fr)_90px_150px_200px_80px]">
      <Link
        to="/launches/$launchId/imports/$importId"
        params={{ launchId, importId: item.id }}
        className="truncate font-550 after:absolute after:inset-0"
      >
        {item.file_name}
      </Link>
      <span className="num text-fg-3 max-md:hidden">{bytes(item.size)}</span>
      <ImportState item={item} />
      <span className="num text-fg-2 max-md:hidden">
        {t("imports.counts", { accepted: p.accepted, bad: p.bad, duplicates: p.duplicates })}
      </span>
      <span className="text-right text-meta text-fg-3 max-md:hidden">
        <Time at={item.created_at} />
      </span>
    </li>
  );
}
