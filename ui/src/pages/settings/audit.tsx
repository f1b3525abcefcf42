import { useInfiniteQuery } from "@tanstack/react-query";
import type { AuditEntry } from "@/api/types";
import { auditQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";

/** Who changed what: people, keys and the system alike. */
export default function Audit() {
  const list = useInfiniteQuery(auditQuery);
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  if (list.error) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <>
      <Panel>
        {list.isPending ? <RowsSkeleton rows={10} /> : null}
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

/** What a change says of itself: "role responder, name Vic". Nested values are as JSON has them. */
export function detailText(detail: AuditEntry["detail"]): string {
  const text = (v: unknown): string =>
    typeof v === "object" && v
      ? Array.isArray(v)
        ? v.map(text).join(", ")
        : detailText(v as never)
      : String(v);
  return Object.entries(detail ?? {})
    .filter(([, v]) => v !== null && v !== "")
    .map(([k, v]) => `${k.replaceAll("_", " ")} ${text(v)}`)
    .join(" · ");
}

function AuditRow({ entry: e }: { entry: AuditEntry }) {
  const detail = detailText(e.detail);
  return (
    <li className="grid min-h-9 grid-cols-[64px_minmax(0,1fr)] items-baseline gap-x-3 border-line border-t px-3 py-1.5 text-row first:border-t-0 md:grid-cols-[72px_150px_190px_minmax(0,1fr)]">
      <span className="text-meta text-fg-3">
        <Time at={e.at} />
      </span>
      <span data-user="" className="truncate font-550">
        {e.actor.name || word("actor", e.actor.kind)}
      </span>
      <span className="truncate text-fg-2 max-md:col-start-2">{word("audit", e.action)}</span>
      <span
        data-user=""
        className="truncate text-meta text-fg-3 max-md:col-start-2"
        title={t("audit.subject", { action: e.action, kind: e.subject.kind, id: e.subject.id })}
      >
        {detail || <span className="id">{e.subject.id}</span>}
      </span>
    </li>
  );
}
