import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Call } from "@/api/types";
import { t } from "@/i18n";
import { offsetIn, scrollParent } from "@/ui/scroll-parent";
import { useZone } from "@/ui/time";
import { CallRow, CallRowHead } from "./call-row";
import type { CellName } from "./columns";

interface Props {
  rows: Call[];
  openId: string | undefined;
  cursor: number;
  cell: CellName;
  narrow: boolean;
  cameAt: (id: string) => number | undefined;
  onFocus: (index: number, cell: CellName | undefined) => void;
  /** Whether the newest rows are in view. */
  onTop: (top: boolean) => void;
  onEnd: () => void;
}

/** How long a row is tinted that has just come, in ms. */
const freshFor = 1_200;

/** The rows in view of a list of any length, in the page's own scroll. */
export function CallRows({ rows, openId, cursor, cell, narrow, cameAt, onFocus, onTop, onEnd }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const zone = useZone();
  const [place, setPlace] = useState<{ parent: HTMLElement | null; offset: number }>({
    parent: null,
    offset: 0,
  });
  // What stands above the list may grow or shrink; scrolling does neither, and is not measured.
  useLayoutEffect(() => {
    const parent = scrollParent(list.current);
    if (!parent || !list.current) return;
    const measure = () => {
      const offset = offsetIn(parent, list.current);
      setPlace((p) => (p.parent === parent && p.offset === offset ? p : { parent, offset }));
    };
    measure();
    const watch = new ResizeObserver(measure);
    for (const above of parent.children) watch.observe(above);
    return () => watch.disconnect();
  }, []);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.parent,
    scrollMargin: place.offset,
    estimateSize: () => 29,
    getItemKey: (i) => rows[i]?.id ?? i,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (rows.length && last >= rows.length - 40) onEnd();
  }, [last, rows.length, onEnd]);
  const top = (virtual.scrollOffset ?? 0) <= place.offset + 8;
  useEffect(() => onTop(top), [top, onTop]);

  const moved = useRef(cursor);
  useEffect(() => {
    if (cursor < 0 || moved.current === cursor) return;
    moved.current = cursor;
    virtual.scrollToIndex(cursor, { align: "auto" });
    // The row may be drawn only now; the focus is where the cursor is.
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-call-row="${cursor}"]`)?.focus({ preventScroll: true }),
    );
  }, [cursor, virtual]);

  // The slowest of those in view, but for a few outliers: what fills a bar.
  const slowest = slow(shown.map((v) => rows[v.index]?.latency_us ?? 0));
  const now = performance.now();
  return (
    <section className="min-w-0 rounded-3 border border-line bg-surface">
      <CallRowHead narrow={narrow} />
      <div ref={list} className="relative" style={{ height: virtual.getTotalSize() }}>
        <ol aria-label={t("nav.calls")}>
          {shown.map((v) => {
            const call = rows[v.index];
            if (!call) return null;
            const came = cameAt(call.id);
            return (
              <li
                key={v.key}
                ref={virtual.measureElement}
                data-index={v.index}
                aria-posinset={v.index + 1}
                aria-setsize={-1}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${v.start - place.offset}px)` }}
              >
                <CallRow
                  call={call}
                  index={v.index}
                  slowest={slowest}
                  current={v.index === cursor}
                  open={call.id === openId}
                  narrow={narrow}
                  fresh={came !== undefined && now - came < freshFor}
                  zone={zone}
                  cell={v.index === cursor ? cell : undefined}
                  onFocus={onFocus}
                />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

/** A latency that nine of ten rows are below, rounded so that bars don't change with every row that comes. */
function slow(list: number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
  return 2 ** Math.ceil(Math.log2(Math.max(1_000, high)));
}
