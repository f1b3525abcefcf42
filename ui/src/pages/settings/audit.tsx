import { useInfiniteQuery } from "@tanstack/react-query";
import type { AuditEntry } from "@/api/types";
import { auditQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Failure, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";

/** Who changed what: people, keys and the system alike. */
export default function Audit() {
  const list = useInfiniteQuery(auditQuery);
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  if (list.error) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <Skeleton rows={8} />;
  return (
    <>
      <Panel title={t("settings.audit")} note={t("audit.note")}>
        <ol>
          {items.map((e) => (
            <AuditRow key={e.id} entry={e} />
          ))}
        </ol>
      </Panel>
      {list.hasNextPage ? (
        <Button
          className="justify-self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
    </>
  );
}

function AuditRow({ entry: e }: { entry: AuditEntry }) {
  const detail = e.detail && Object.keys(e.detail).length ? JSON.stringify(e.detail) : "";
  return (
    <li className="grid min-h-8 grid-cols-[72px_minmax(0,1fr)] items-baseline gap-x-3 border-line border-t px-3 py-1.5 text-row md:grid-cols-[72px_140px_160px_minmax(0,1fr)]">
      <span className="text-meta text-fg-3">
        <Time at={e.at} />
      </span>
      <span className="truncate">{e.actor.name || word("actor", e.actor.kind)}</span>
      <span className="id truncate text-fg-2 max-md:col-start-2">{e.action}</span>
      <span className="id truncate text-fg-3 max-md:col-start-2" title={detail}>
        {t("audit.subject", { kind: e.subject.kind, id: e.subject.id })} {detail}
      </span>
    </li>
  );
}
