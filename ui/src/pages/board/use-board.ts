import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { boardKey, boardQuery, nextCards } from "@/api/board";
import type { BoardFilter, Stage } from "@/api/issue-filter";
import { issueApi } from "@/api/issues";
import type { Board, BoardCard, BoardColumn } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { explain } from "@/ui/states";
import { renewIssues, undoIssues } from "../issue/verbs";
import { moveCard } from "./moves";

interface Move {
  token: symbol;
  id: string;
  to: Stage;
  at: string;
}

/**
 * The board, with the moves that the server has not confirmed yet laid over what it said last: whatever is
 * read meanwhile, a card never jumps back under the hands.
 */
export function useBoard(launch: string, filter: BoardFilter) {
  const cache = useQueryClient();
  const query = useQuery(boardQuery(launch, filter));
  const [moves, setMoves] = useState<Move[]>([]);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const reading = useRef(new Set<string>());

  const board = useMemo(
    () => query.data && moves.reduce((b: Board, m) => moveCard(b, m.id, m.to, m.at, filter.lane), query.data),
    [query.data, moves, filter.lane],
  );

  const move = useCallback(
    (card: BoardCard, to: Stage) => {
      const m: Move = { token: Symbol(), id: card.id, to, at: new Date().toISOString() };
      const settle = () => setMoves((list) => list.filter((x) => x.token !== m.token));
      setMoves((list) => [...list, m]);
      // One after the other, so that the last move is the last that the server hears of.
      queue.current = queue.current.then(async () => {
        try {
          const done = await issueApi.patch(card.id, { stage: to });
          toasts.show(t("toast.moved", { key: card.key, stage: word("stage", to) }), {
            undo: undoIssues(cache, done.undo_id),
          });
          await cache.invalidateQueries({ queryKey: ["board"] });
        } catch (e) {
          toasts.show(explain(e), { tone: "error" });
        }
        settle();
        renewIssues(cache);
      });
    },
    [cache],
  );

  /** Reads on in one column. */
  const more = useCallback(
    async (column: BoardColumn) => {
      if (!column.next_cursor || reading.current.has(column.stage)) return;
      reading.current.add(column.stage);
      try {
        const key = boardKey(launch, filter);
        const had = cache.getQueryData<Board>(key)?.stages.find((c) => c.stage === column.stage);
        if (!had?.next_cursor) return;
        const next = await nextCards(launch, filter, had);
        cache.setQueryData<Board>(
          key,
          (b) => b && { ...b, stages: b.stages.map((c) => (c.stage === next.stage ? next : c)) },
        );
      } catch (e) {
        toasts.show(explain(e), { tone: "error" });
      } finally {
        reading.current.delete(column.stage);
      }
    },
    [cache, launch, filter],
  );

  return {
    board,
    error: query.error,
    pending: query.isPending,
    reload: () => void query.refetch(),
    move,
    more,
  };
}
