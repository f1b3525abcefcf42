import { useInfiniteQuery } from "@tanstack/react-query";
import { ArrowUp, ListFilter } from "lucide-react";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import { type ActivitySource, activityQuery, activitySources, type CentreSearch } from "@/api/pulse";
import type { Happening } from "@/api/types";
import { t } from "@/i18n";
import { clock, dayHeading, fullTime, validZone } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Menu, MenuChoice } from "@/ui/menu";
import { ScrollRegion } from "@/ui/scroll-region";
import { Failure, Skeleton } from "@/ui/states";
import { useZone } from "@/ui/time";
import { FeedLine, iconOf } from "./feed-line";

/** How many things the lines tell beyond what was there. */
export function newSince(held: Happening[], now: Happening[]): number {
  const before = new Map(held.map((h) => [h.id, h.count]));
  const oldest = held.at(-1)?.at ?? "";
  return now.reduce((n, h) => {
    const was = before.get(h.id);
    // A line that a page further down brought is no news.
    if (was === undefined) return h.at < oldest ? n : n + h.count;
    return n + Math.max(0, h.count - was);
  }, 0);
}

/** Lines that came, or tell of more, since they were last looked at: they are tinted for a moment. */
function useFresh(items: Happening[], ready: boolean): Set<string> {
  const known = useRef<Map<string, number>>(undefined);
  const newest = useRef("");
  const fresh = new Set<string>();
  if (ready && known.current) {
    for (const h of items) {
      if (h.at >= newest.current && (known.current.get(h.id) ?? 0) < h.count) fresh.add(h.id);
    }
  }
  useEffect(() => {
    if (!ready) return;
    const timer = setTimeout(
      () => {
        known.current = new Map(items.map((h) => [h.id, h.count]));
        newest.current = items[0]?.at ?? "";
      },
      known.current ? 1200 : 0,
    );
    return () => clearTimeout(timer);
  }, [items, ready]);
  return fresh;
}

/** What happens, newest first. Who scrolled down is not moved: what is new waits in a pill. */
export function LiveFeed({
  launchId,
  search,
  onSource,
}: {
  launchId: string;
  search: CentreSearch;
  onSource: (source: ActivitySource | undefined) => void;
}) {
  const feed = useInfiniteQuery(activityQuery(launchId, search));
  const items = useMemo(() => feed.data?.pages.flatMap((p) => p.items) ?? [], [feed.data]);
  const [held, setHeld] = useState<Happening[]>();
  const box = useRef<HTMLElement>(null);
  const fresh = useFresh(items, feed.isSuccess);
  const shown = held ?? items;
  const waiting = held ? newSince(held, items) : 0;
  const zone = validZone(useZone());
  const heading = (h: Happening) => dayHeading(h.at, zone);
  const title = t(search.at ? "feed.titlePast" : "feed.title");

  const onScroll = () => {
    const down = (box.current?.scrollTop ?? 0) > 24;
    if (down && !held) setHeld(items);
    if (!down && held) setHeld(undefined);
  };
  const showNew = () => {
    setHeld(undefined);
    box.current?.scrollTo({ top: 0 });
  };
  const more = async () => {
    const next = await feed.fetchNextPage();
    setHeld(next.data?.pages.flatMap((p) => p.items));
  };

  return (
    <section className="relative flex min-h-[260px] min-w-0 flex-1 flex-col overflow-hidden rounded-3 border border-line bg-surface">
      <header className="flex min-h-9 flex-none items-center px-3 py-1">
        <h2 className="text-body font-semibold tracking-[-0.003em]">{title}</h2>
        <span className="ml-auto">
          <Menu
            trigger={
              <button type="button" className={buttonClass("ghost", "sm")} title={t("feed.filter")}>
                <Icon of={ListFilter} size={14} />
                {t(search.source ? `feed.${search.source}` : "feed.all")}
              </button>
            }
          >
            <MenuChoice
              value={search.source ?? "all"}
              options={["all" as const, ...activitySources].map((s) => ({ value: s, label: t(`feed.${s}`) }))}
              onChange={(s) => onSource(activitySources.find((x) => x === s))}
            />
          </Menu>
        </span>
      </header>
      <div
        role="status"
        className="pointer-events-none absolute inset-x-0 top-10 z-10 grid justify-items-center"
      >
        {waiting ? (
          <button
            type="button"
            onClick={showNew}
            className="appear pointer-events-auto inline-flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-dense font-medium text-accent-fg shadow-float hover:bg-accent-hover"
          >
            <Icon of={ArrowUp} size={13} />
            {t("feed.new", { count: waiting })}
          </button>
        ) : null}
      </div>
      <div className="relative min-h-0 flex-1">
        <div className="absolute inset-0">
          <ScrollRegion ref={box} label={title} onScroll={onScroll} className="h-full overflow-y-auto">
            {feed.error ? <Failure error={feed.error} onRetry={() => void feed.refetch()} /> : null}
            {feed.isPending ? <Skeleton rows={6} /> : null}
            {feed.isSuccess && shown.length === 0 ? (
              <p className="border-line border-t px-3 py-3 text-fg-3">{t("feed.none")}</p>
            ) : null}
            <ol>
              {shown.map((h, i) => (
                <Fragment key={h.id}>
                  {i > 0 && heading(h) !== heading(shown[i - 1] as Happening) ? (
                    <li className="border-line border-t bg-canvas px-3 py-0.5 text-meta text-fg-3">
                      {heading(h)}
                    </li>
                  ) : null}
                  <FeedRow h={h} fresh={fresh.has(h.id)} />
                </Fragment>
              ))}
            </ol>
            {feed.hasNextPage ? (
              <div className="grid border-line border-t p-2">
                <Button look="ghost" disabled={feed.isFetchingNextPage} onClick={() => void more()}>
                  {t("common.more")}
                </Button>
              </div>
            ) : null}
          </ScrollRegion>
        </div>
      </div>
    </section>
  );
}

export function FeedRow({ h, fresh, wall = false }: { h: Happening; fresh: boolean; wall?: boolean }) {
  const zone = validZone(useZone());
  return (
    <li
      className={cx(
        "grid border-line border-t",
        wall
          ? "grid-cols-[76px_28px_minmax(0,1fr)] gap-3 py-2.5 text-[22px] leading-8"
          : "grid-cols-[42px_14px_minmax(0,1fr)] gap-2 px-3 py-[5px] text-dense",
        fresh && "fresh bg-accent-soft/55",
      )}
    >
      <time
        dateTime={h.at}
        title={fullTime(h.at, zone)}
        className={wall ? "num text-fg-3" : "id text-[11px] text-fg-3"}
      >
        {clock(h.at, zone)}
      </time>
      <Icon of={iconOf(h)} size={wall ? 24 : 14} className="mt-[1.5px] text-fg-3" />
      <span className="line-clamp-2 min-w-0">
        <FeedLine h={h} />
      </span>
    </li>
  );
}
