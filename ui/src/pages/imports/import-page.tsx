import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { importQuery } from "@/api/imports";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { t, word } from "@/i18n";
import { bytes } from "@/i18n/format";
import { buttonClass } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { ImportMap } from "./import-map";
import { ImportProgress } from "./import-progress";

/** One import: mapping and preview until it is started, its progress and result after. */
export default function ImportPage() {
  const launch = useLaunch();
  const { importId } = useParams({ from: "/app/launches/$launchId/imports/$importId" });
  const { data, error, refetch } = useQuery(importQuery(importId));
  return (
    <Page
      title={data?.file_name ?? t("imports.one")}
      note={
        data ? t("imports.fileNote", { format: word("format", data.format), size: bytes(data.size) }) : null
      }
      actions={
        <Link to="/launches/$launchId/imports" params={{ launchId: launch.id }} className={buttonClass()}>
          {t("imports.all")}
        </Link>
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton rows={8} /> : null}
      {data?.state === "uploaded" ? <ImportMap key={data.id} item={data} /> : null}
      {data && data.state !== "uploaded" ? <ImportProgress item={data} /> : null}
    </Page>
  );
}
