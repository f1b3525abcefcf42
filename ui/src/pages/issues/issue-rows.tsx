import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Issue } from "@/api/types";
import { t } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { offsetIn, scrollParent } from "@/ui/scroll-parent";
import { IssueRow, IssueRowHead } from "./issue-row";

/** A line of the list: the head of a part, an issue, or the way to the rest of a part. */
export type Line =
  | { kind: "head"; id: string; label: string; count: number }
  | { kind: "issue"; issue: Issue; index: number }
  | { kind: "rest"; id: string; count: number; onShow: () => void };

const heights = { head: 34, issue: 34, rest: 36 } as const;

type RowProps = Omit<
  React.ComponentProps<typeof IssueRow>,
  "issue" | "index" | "current" | "marked" | "marking" | "menu"
>;

interface Props extends RowProps {
  lines: Line[];
  total: number;
  cursor: number;
  menu: { index: number; name: NonNullable<React.ComponentProps<typeof IssueRow>["menu"]> } | undefined;
  marks: Set<string>;
  onEnd: () => void;
}

/** The rows in view of a list of any length, in the page's own scroll. */
export function IssueRows({ lines, total, cursor, menu, marks, onEnd, ...row }: Props) {
  const list = useRef<HTMLDivElement>(null);
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
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => place.parent,
    scrollMargin: place.offset,
    estimateSize: (i) => heights[lines[i]?.kind ?? "issue"],
    getItemKey: (i) => {
      const line = lines[i];
      return line?.kind === "issue" ? line.issue.id : `${line?.kind} ${line?.id}`;
    },
    overscan: 10,
  });
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (lines.length && last >= lines.length - 20) onEnd();
  }, [last, lines.length, onEnd]);

  const at = lines.findIndex((l) => l.kind === "issue" && l.index === cursor);
  useEffect(() => {
    if (at < 0) return;
    rows.scrollToIndex(at, { align: "auto" });
    // The row may be drawn only now; the focus is where the cursor is.
    requestAnimationFrame(() => {
      const link = list.current?.querySelector<HTMLElement>(`[data-issue-row="${cursor}"]`);
      const focused = document.activeElement;
      if (link && !link.closest("[data-row]")?.contains(focused)) link.focus({ preventScroll: true });
    });
  }, [at, cursor, rows]);

  // A menu in a row goes with its trigger when it closes: the focus returns to the row.
  const open = useRef(menu);
  useEffect(() => {
    const closed = open.current && !menu ? open.current.index : undefined;
    open.current = menu;
    if (closed === undefined) return;
    const frame = requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-issue-row="${closed}"]`)?.focus(),
    );
    return () => cancelAnimationFrame(frame);
  }, [menu]);

  return (
    <section className="min-w-0 rounded-3 border border-line bg-surface">
      <IssueRowHead />
      <div ref={list} className="relative" style={{ height: rows.getTotalSize() }}>
        <ol aria-label={t("nav.issues")}>
          {shown.map((v) => {
            const line = lines[v.index];
            if (!line) return null;
            return (
              <li
                key={v.key}
                ref={rows.measureElement}
                data-index={v.index}
                data-row=""
                aria-posinset={line.kind === "issue" ? line.index + 1 : undefined}
                aria-setsize={line.kind === "issue" ? total : undefined}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${v.start - place.offset}px)` }}
              >
                {line.kind === "issue" ? (
                  <IssueRow
                    {...row}
                    issue={line.issue}
                    index={line.index}
                    current={line.index === cursor}
                    marked={marks.has(line.issue.id)}
                    marking={marks.size > 0}
                    menu={menu?.index === line.index ? menu.name : undefined}
                  />
                ) : line.kind === "head" ? (
                  <h2 className="flex h-[34px] items-center gap-2 border-line border-t bg-canvas px-3 text-dense font-semibold">
                    {line.label}
                    <span className="num font-normal text-fg-3">{number(line.count)}</span>
                  </h2>
                ) : (
                  <p className="flex h-9 items-center border-line border-t px-3">
                    <Button size="sm" look="ghost" onClick={line.onShow}>
                      {t("issues.rest", { count: line.count })}
                    </Button>
                  </p>
                )}
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
