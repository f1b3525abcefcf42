import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { Link } from "@tanstack/react-router";
import { Ban, Ellipsis } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { type Stage, stages } from "@/api/issue-filter";
import type { BoardCard } from "@/api/types";
import { t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { StageDial } from "@/ui/stage";
import { useNow } from "@/ui/time";
import { ageOf } from "./age";

export interface CardVerbs {
  launchId: string;
  /** Whether the reader may move cards. */
  movable: boolean;
  onFocus: (id: string) => void;
  onMenu: (id: string | undefined) => void;
  onMove: (card: BoardCard, to: Stage) => void;
  onDrag: (card: BoardCard | undefined) => void;
  /** What a move would do, as a sentence. */
  effect: (card: BoardCard, to: Stage) => string | undefined;
}

/** Key of what is dragged, so that nothing else that is dragged over the board is taken for a card. */
export const dragged = Symbol("card");

/** An issue on three lines. Nothing in it has a colour but the severity. */
export const Card = memo(function Card({
  card,
  current,
  first,
  menu,
  lifted,
  verbs,
}: {
  card: BoardCard;
  current: boolean;
  /** Tab comes here when no card of the column has the cursor. */
  first: boolean;
  menu: boolean;
  lifted: boolean;
  verbs: CardVerbs;
}) {
  const box = useRef<HTMLElement>(null);
  const { movable, onDrag } = verbs;
  useEffect(() => {
    if (!box.current || !movable) return;
    return draggable({
      element: box.current,
      getInitialData: () => ({ [dragged]: card }),
      onDragStart: () => onDrag(card),
      onDrop: () => onDrag(undefined),
    });
  }, [card, movable, onDrag]);
  const now = useNow();
  const age = ageOf((now - Date.parse(card.stage_entered_at)) / 1000, "narrow");
  return (
    <article
      ref={box}
      data-card={card.id}
      className={cx(
        "group/card relative grid gap-1 rounded-2 border bg-surface px-2.5 py-2 text-row",
        current ? "border-accent" : "border-line hover:border-line-strong",
        lifted && "opacity-55",
      )}
    >
      <span className="flex h-4 items-center gap-1.5 text-fg-3">
        <span title={word("severity.long", card.severity)} className="grid">
          <Glyph state={stateOfSeverity(card.severity)} size={10} />
          <span className="sr-only">{word("severity.long", card.severity)}</span>
        </span>
        <span className="id">{card.key}</span>
        {card.blocked_by ? (
          <span
            title={t("board.blocked", { count: card.blocked_by })}
            className="inline-flex items-center gap-1 text-meta"
          >
            <Icon of={Ban} size={11} />
            <span className="sr-only">{t("board.blocked", { count: card.blocked_by })}</span>
          </span>
        ) : null}
        <span className="flex-1" />
        <span className="num text-meta" title={t("board.age", { age, stage: word("stage", card.stage) })}>
          {age}
        </span>
      </span>
      <Link
        to="/launches/$launchId/issues/$issueId"
        params={{ launchId: verbs.launchId, issueId: card.key }}
        preload={false}
        draggable={false}
        tabIndex={current || first ? 0 : -1}
        data-list-row=""
        data-user=""
        aria-current={current ? "true" : undefined}
        onFocus={() => verbs.onFocus(card.id)}
        className="line-clamp-2 min-h-9 font-550 [overflow-wrap:anywhere] after:absolute after:inset-0 after:rounded-2 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:outline-offset-1 after:focus-visible:outline-focus"
      >
        {card.title}
      </Link>
      <span className="flex h-5 items-center gap-1.5 text-meta text-fg-3">
        <span className="num truncate">{t("issue.reports", { count: card.reports })}</span>
        <span className="flex-1" />
        {movable ? <MoveMenu card={card} current={current} open={menu} verbs={verbs} /> : null}
        {card.owner ? (
          <span title={card.owner.name}>
            <Avatar name={card.owner.name} small />
            <span className="sr-only">{card.owner.name}</span>
          </span>
        ) : null}
      </span>
    </article>
  );
});

/** The way to move a card without dragging; it is drawn only while it is open. */
function MoveMenu({
  card,
  current,
  open,
  verbs,
}: {
  card: BoardCard;
  current: boolean;
  open: boolean;
  verbs: CardVerbs;
}) {
  const trigger = (
    <button
      type="button"
      aria-label={t("board.move", { key: card.key })}
      title={t("board.moveShort")}
      aria-haspopup="menu"
      tabIndex={current ? 0 : -1}
      onClick={open ? undefined : () => verbs.onMenu(card.id)}
      className={cx(
        "state relative z-10 grid size-6 place-items-center rounded-1 hover:bg-hover hover:text-fg",
        !current &&
          "opacity-0 group-hover/card:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100",
      )}
    >
      <Icon of={Ellipsis} size={14} />
    </button>
  );
  if (!open) return trigger;
  return (
    <Menu align="end" open onOpenChange={(o) => !o && verbs.onMenu(undefined)} trigger={trigger}>
      {stages.map((s) => (
        <MenuItem
          key={s}
          disabled={s === card.stage}
          note={indent(verbs.effect(card, s))}
          onClick={() => verbs.onMove(card, s)}
        >
          <span className="inline-flex items-center gap-2">
            <span className="text-fg-3">
              <StageDial stage={s} />
            </span>
            {word("stage", s)}
          </span>
        </MenuItem>
      ))}
    </Menu>
  );
}

/** Under the word, not under the dial before it. */
const indent = (text: string | undefined) => (text ? <span className="block pl-5">{text}</span> : undefined);
