import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { Stage } from "@/api/issue-filter";
import type { BoardCard } from "@/api/types";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Card, type CardVerbs, dragged } from "./card";

/** A column that is longer, or has more to read, draws only the cards in view. */
const plainCards = 50;
const cardHeight = 104;

interface Props {
  stage: Stage;
  label: string;
  cards: BoardCard[];
  count: number;
  current: string | undefined;
  menu: string | undefined;
  lifted: BoardCard | undefined;
  verbs: CardVerbs;
  /** How many of the column are not read yet, and how to read them. */
  rest: number;
  onMore: () => void;
  className?: string;
}

/** The cards of one stage (in one lane): scrolls by itself, and takes what is dropped on it. */
export function Cell(p: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<BoardCard>();
  const { verbs, stage } = p;
  const { onMove } = verbs;
  useEffect(() => {
    if (!box.current) return;
    const cardOf = (data: Record<string | symbol, unknown>) => data[dragged] as BoardCard | undefined;
    return dropTargetForElements({
      element: box.current,
      canDrop: ({ source }) => cardOf(source.data) !== undefined,
      getData: () => ({ stage }),
      onDragEnter: ({ source }) => setOver(cardOf(source.data)),
      onDragLeave: () => setOver(undefined),
      onDrop: ({ source }) => {
        setOver(undefined);
        const card = cardOf(source.data);
        if (card && card.stage !== stage) onMove(card, stage);
      },
    });
  }, [stage, onMove]);
  const landing = over && over.stage !== stage ? over : undefined;
  return (
    // What scrolls is reached by its cards; a landmark for each of seven columns would be noise.
    <div
      ref={box}
      data-stage={stage}
      className={cx(
        "flex min-h-0 flex-col overflow-y-auto overscroll-contain rounded-b-3 px-1.5 pb-1.5",
        landing && "outline-2 -outline-offset-2 outline-accent",
        p.className,
      )}
    >
      {landing ? (
        <p className="sticky top-0 z-20 mb-1.5 flex-none rounded-2 bg-accent-soft px-2 py-1.5 text-dense text-accent-text">
          {verbs.effect(landing, stage) ?? t("issue.moveTo", { stage: word("stage", stage) })}
        </p>
      ) : null}
      {p.cards.length > plainCards || p.rest > 0 ? <Virtual {...p} scroller={box} /> : <Plain {...p} />}
      {p.rest > 0 ? (
        <Button size="sm" look="ghost" className="mt-1 self-center" onClick={p.onMore}>
          {t("board.more", { count: p.rest })}
        </Button>
      ) : null}
    </div>
  );
}

function one(p: Props, card: BoardCard, index: number) {
  return (
    <Card
      card={card}
      current={card.id === p.current}
      first={index === 0 && !p.cards.some((c) => c.id === p.current)}
      menu={p.menu === card.id}
      lifted={p.lifted?.id === card.id}
      verbs={p.verbs}
    />
  );
}

function Plain(p: Props) {
  if (p.cards.length === 0) return null;
  return (
    <ol className="grid content-start gap-1.5" aria-label={p.label}>
      {p.cards.map((card, i) => (
        <li key={card.id} aria-posinset={i + 1} aria-setsize={p.count}>
          {one(p, card, i)}
        </li>
      ))}
    </ol>
  );
}

function Virtual({ scroller, ...p }: Props & { scroller: React.RefObject<HTMLElement | null> }) {
  const rows = useVirtualizer({
    count: p.cards.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => cardHeight,
    getItemKey: (i) => p.cards[i]?.id ?? i,
    gap: 6,
    overscan: 6,
  });
  const at = p.cards.findIndex((c) => c.id === p.current);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at, { align: "auto" });
  }, [at, rows]);
  const { onMore, rest } = p;
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (rest > 0 && last >= p.cards.length - 10) onMore();
  }, [last, rest, p.cards.length, onMore]);
  return (
    <ol className="relative flex-none" aria-label={p.label} style={{ height: rows.getTotalSize() }}>
      {shown.map((v) => {
        const card = p.cards[v.index];
        if (!card) return null;
        return (
          <li
            key={v.key}
            ref={rows.measureElement}
            data-index={v.index}
            aria-posinset={v.index + 1}
            aria-setsize={p.count}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${v.start}px)` }}
          >
            {one(p, card, v.index)}
          </li>
        );
      })}
    </ol>
  );
}
