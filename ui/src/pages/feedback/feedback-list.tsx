import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { Feedback } from "@/api/types";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { ListRow, rowHeights } from "./list-row";
import { useRead } from "./read-marks";

interface Props {
  items: Feedback[];
  total: number | undefined;
  launchId: string;
  currentId: string | undefined;
  marked: Set<string>;
  /** Every state is shown here, so that a row that is acted on elsewhere does not leave. */
  staying: boolean;
  onMark: (id: string, range: boolean) => void;
  onEnd: () => void;
}

/** The list draws only what is in view; it asks for more before its end is reached. */
export function FeedbackList({ items, total, launchId, currentId, marked, staying, onMark, onEnd }: Props) {
  const { density } = usePrefs();
  const read = useRead();
  const scroller = useRef<HTMLDivElement>(null);
  const height = rowHeights[density];
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (i) => items[i]?.id ?? i,
    overscan: 6,
  });
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (items.length && last >= items.length - 15) onEnd();
  }, [last, items.length, onEnd]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new height of rows is measured anew
  useEffect(() => rows.measure(), [height]);

  const at = currentId ? items.findIndex((i) => i.id === currentId) : -1;
  useEffect(() => {
    if (at < 0) return;
    rows.scrollToIndex(at, { align: "auto" });
    // The focus follows the cursor only when it is in the list already.
    if (scroller.current?.contains(document.activeElement)) {
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>("[data-current]")?.focus({ preventScroll: true }),
      );
    }
  }, [at, rows]);

  return (
    // The list is a region that scrolls; its rows are links, so it needs no stop of its own.
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto [contain:strict]">
      <ul aria-label={t("feedback.list")} className="relative" style={{ height: rows.getTotalSize() }}>
        {shown.map((row) => {
          const item = items[row.index];
          if (!item) return null;
          return (
            <li
              key={row.key}
              aria-posinset={row.index + 1}
              aria-setsize={total ?? -1}
              className="absolute inset-x-0 top-0"
              style={{ height, transform: `translateY(${row.start}px)` }}
            >
              <ListRow
                item={item}
                launchId={launchId}
                current={item.id === currentId}
                unread={!read.has(item.id) && item.state === "new"}
                marked={marked.has(item.id)}
                marking={marked.size > 0}
                compact={density === "compact"}
                staying={staying}
                onMark={onMark}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
