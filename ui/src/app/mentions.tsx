import { Dialog as Base } from "@base-ui/react/dialog";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CheckCheck, X } from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { mentionsQuery, noteApi } from "@/api/notes";
import type { Mention } from "@/api/types";
import { Trans, t } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button, IconButton } from "@/ui/button";
import { Empty, explain, Failure, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { useUnread, whereOf } from "./mention-bell";
import { toasts } from "./toasts";

/** Notes that call on me, newest first. Up and Down move, Enter opens the item at the note. */
export function Mentions({ onClose }: { onClose: () => void }) {
  const list = useInfiniteQuery(mentionsQuery);
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const unread = useUnread();
  const read = useRead();
  const box = useRef<HTMLUListElement>(null);
  const onKeyDown = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[e.key];
    if (!step) return;
    const links = [...(box.current?.querySelectorAll("a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
    e.preventDefault();
  };
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-(--backdrop)" />
        <Base.Popup
          onKeyDown={onKeyDown}
          initialFocus={() => box.current?.querySelector("a") ?? true}
          className="float appear fixed bottom-11 left-[60px] z-50 flex max-h-[min(600px,calc(100dvh-64px))] w-[400px] flex-col overflow-hidden outline-none max-md:inset-x-2 max-md:top-2 max-md:bottom-auto max-md:max-h-[calc(100dvh-16px)] max-md:w-auto"
        >
          <header className="flex min-h-11 flex-none items-center gap-2 border-line border-b pr-2 pl-4">
            <Base.Title className="flex-1 text-pane font-semibold tracking-[-0.01em]">
              {t("mentions.title")}
            </Base.Title>
            {unread ? (
              <Button look="ghost" size="sm" icon={CheckCheck} onClick={() => void read()}>
                {t("mentions.readAll")}
              </Button>
            ) : null}
            <Base.Close render={<IconButton label={t("common.close")} icon={X} />} />
          </header>
          <div className="min-h-0 overflow-y-auto">
            {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
            {list.isPending ? <Skeleton rows={4} /> : null}
            {list.data && items.length === 0 ? (
              <Empty title={t("mentions.none")}>
                <p>{t("mentions.noneText")}</p>
              </Empty>
            ) : null}
            <ul ref={box} aria-label={t("mentions.note")}>
              {items.map((m) => (
                <Row
                  key={m.id}
                  mention={m}
                  onOpen={() => {
                    onClose();
                    if (!m.read_at) void read([m.id]);
                  }}
                />
              ))}
            </ul>
            {list.hasNextPage ? (
              <Button
                look="ghost"
                className="m-2"
                disabled={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                {t("common.more")}
              </Button>
            ) : null}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Row({ mention: m, onOpen }: { mention: Mention; onOpen: () => void }) {
  const inside = (
    <>
      <Avatar name={m.by.name} />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2 text-dense">
          <span className="min-w-0 flex-1 truncate text-fg-2">
            <Trans
              k="mentions.by"
              values={{
                who: <strong className="font-550 text-fg">{m.by.name}</strong>,
                where: <span className="id">{whereOf(m)}</span>,
              }}
            />
          </span>
          <span className="flex-none text-meta text-fg-3">
            <Time at={m.at} relative />
          </span>
        </span>
        <span dir="auto" className="line-clamp-2 text-dense [overflow-wrap:anywhere]">
          {m.snippet}
        </span>
        <span className="block truncate text-meta text-fg-3">{m.issue?.title ?? m.feedback?.title}</span>
      </span>
      {m.read_at ? null : (
        <span className="mt-1.5 size-2 flex-none rounded-full bg-accent" title={t("mentions.unread")}>
          <span className="sr-only">{t("mentions.unread")}</span>
        </span>
      )}
    </>
  );
  const look =
    "flex items-start gap-2.5 px-4 py-2.5 hover:bg-hover focus-visible:bg-selected focus-visible:outline-offset-[-2px]";
  const hash = `note-${m.id}`;
  return (
    <li className="border-line not-first:border-t">
      {m.issue ? (
        <Link
          to="/launches/$launchId/issues/$issueId"
          params={{ launchId: m.launch_id, issueId: m.issue.key }}
          hash={hash}
          onClick={onOpen}
          className={look}
        >
          {inside}
        </Link>
      ) : (
        <Link
          to="/launches/$launchId/feedback"
          params={{ launchId: m.launch_id }}
          search={{ tab: "all", item: m.feedback?.id }}
          hash={hash}
          onClick={onOpen}
          className={look}
        >
          {inside}
        </Link>
      )}
    </li>
  );
}

/** Marks some as read, or all: at once here, then on the server. */
function useRead() {
  const cache = useQueryClient();
  return async (ids?: string[]) => {
    const now = new Date().toISOString();
    cache.setQueryData(mentionsQuery.queryKey, (data) =>
      data
        ? {
            ...data,
            pages: data.pages.map((p) => {
              const items = p.items.map((m) =>
                !m.read_at && (!ids || ids.includes(m.id)) ? { ...m, read_at: now } : m,
              );
              return { ...p, items, unread: ids ? Math.max(0, p.unread - ids.length) : 0 };
            }),
          }
        : data,
    );
    try {
      await noteApi.readMentions(ids);
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
    }
    void cache.invalidateQueries({ queryKey: mentionsQuery.queryKey });
  };
}
