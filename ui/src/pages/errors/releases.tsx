import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { releaseHealthQuery } from "@/api/errors";
import { t, word } from "@/i18n";
import { compact, number, percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";

const columns =
  "grid grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-x-3 px-3 md:grid-cols-[minmax(0,1fr)_84px_72px_140px_140px_96px]";

/** Below this many crash-free sessions a release is watched. */
const good = 0.99;

/** How the releases of the launch do: sessions and users that met no crash. */
export function Releases({ launchId }: { launchId: string }) {
  const { data, error, isPending, refetch } = useQuery(releaseHealthQuery(launchId));
  const free = (v: number | undefined) => (v === undefined ? "–" : percent(v, v < 1 && v > 0.9 ? 2 : 0));
  const tone = (v: number | undefined) => (v !== undefined && v < good ? "text-degraded" : "text-fg-2");
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={4} height={36} />
        </Panel>
      ) : null}
      {data && data.releases.length === 0 ? (
        <Empty title={t("errors.healthNone")}>
          <p>{t("errors.healthNoneText")}</p>
        </Empty>
      ) : null}
      {data?.releases.length ? (
        <Panel title={t("errors.releases")} note={t("errors.healthNote")}>
          <div aria-hidden="true" className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden")}>
            <span>{t("errors.release")}</span>
            <span className="text-right">{t("errors.sessions")}</span>
            <span className="text-right">{t("errors.adoption")}</span>
            <span className="text-right">{t("errors.freeSessions")}</span>
            <span className="text-right">{t("errors.freeUsers")}</span>
            <span className="text-right">{t("errors.newErrors")}</span>
          </div>
          <ul aria-label={t("errors.releases")}>
            {data.releases.map((r) => (
              <li key={r.release} className={cx(columns, "min-h-9 border-line border-t text-row")}>
                <Link
                  to="/launches/$launchId/errors"
                  params={{ launchId }}
                  search={{ state: "all", release: r.release }}
                  data-user=""
                  className="link id truncate"
                >
                  {r.release}
                </Link>
                <span className="num text-right text-meta text-fg-2">{compact(r.sessions)}</span>
                <span className="num text-right text-meta text-fg-2 max-md:hidden">
                  {percent(r.adoption)}
                </span>
                <span className={cx("num text-right text-meta", tone(r.crash_free_sessions))}>
                  {free(r.crash_free_sessions)}
                </span>
                <span className={cx("num text-right text-meta max-md:hidden", tone(r.crash_free_users))}>
                  {free(r.crash_free_users)}
                </span>
                <span className="num text-right text-meta text-fg-2 max-md:hidden">
                  {number(r.new_errors)}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      ) : null}
      {data?.dropped.length ? (
        <Panel title={t("errors.dropped")} note={t("errors.droppedNote")}>
          <ul className="flex flex-wrap gap-1.5 px-3 pb-3">
            {data.dropped.map((d) => (
              <li key={`${d.kind} ${d.category} ${d.reason}`}>
                <Tag title={d.reason} user>
                  {t("errors.droppedLine", { category: d.category, count: d.count })}{" "}
                  {word("errorDropped", d.kind)}
                </Tag>
              </li>
            ))}
          </ul>
        </Panel>
      ) : null}
    </>
  );
}
