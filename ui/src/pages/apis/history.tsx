import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Undo2 } from "lucide-react";
import { publicationsQuery } from "@/api/gateway";
import type { Publication } from "@/api/types";
import { t } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";

/** Everything that is or was in force, newest first; any of it comes back with one press. */
export function History({
  mayPublish,
  busy,
  onRollBack,
}: {
  mayPublish: boolean;
  busy: boolean;
  onRollBack: (to: number) => void;
}) {
  const list = useInfiniteQuery(publicationsQuery);
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Panel title={t("history.title")} note={items[0] ? number(items[0].number) : null}>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <RowsSkeleton rows={4} height={44} /> : null}
      <ol>
        {items.map((p) => (
          <Row key={p.number} publication={p}>
            {mayPublish && !p.live ? (
              <IconButton
                label={t("history.rollBackTo", { number: p.number })}
                icon={Undo2}
                size={14}
                disabled={busy}
                className="relative z-10 self-center opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
                onClick={() => onRollBack(p.number)}
              />
            ) : null}
          </Row>
        ))}
      </ol>
      {list.hasNextPage ? (
        <p className="grid border-line border-t p-2">
          <Button
            size="sm"
            look="ghost"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {t("common.more")}
          </Button>
        </p>
      ) : null}
    </Panel>
  );
}

function Row({ publication: p, children }: { publication: Publication; children: React.ReactNode }) {
  return (
    <li className="group relative grid grid-cols-[28px_minmax(0,1fr)_auto] gap-x-2 border-line border-t px-3 py-1.5 hover:bg-hover">
      <span className="num pt-px text-meta text-fg-3">{number(p.number)}</span>
      <span className="grid min-w-0 gap-0.5">
        <Link
          to="/gateway/apis"
          search={{ publication: String(p.number) }}
          data-user=""
          className="truncate text-row font-medium after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {p.note || t("history.noNote")}
        </Link>
        <span className="flex min-w-0 items-center gap-1.5 text-meta text-fg-3">
          {p.live ? <Tag tone="ok">{t("history.live")}</Tag> : null}
          <span data-user="" className="truncate">
            {p.by}
          </span>
          <Time at={p.at} relative />
        </span>
      </span>
      {children}
    </li>
  );
}
