import { type BoardLane, type Stage, stages } from "@/api/issue-filter";
import type { Board, BoardCard, BoardColumn } from "@/api/types";
import { stageBeside } from "../issue/stages";

/** Where a card stands on the board. */
export interface Place {
  column: number;
  row: number;
}

export function placeOf(board: Board, id: string | undefined): Place | undefined {
  for (const [column, c] of board.stages.entries()) {
    const row = c.items.findIndex((card) => card.id === id);
    if (row >= 0) return { column, row };
  }
  return undefined;
}

export const cardAt = (board: Board, p: Place | undefined): BoardCard | undefined =>
  p && board.stages[p.column]?.items[p.row];

/** Up or down in the column; sideways to the same height in the next column that has cards. */
export function step(
  board: Board,
  from: Place | undefined,
  by: { row?: number; column?: number },
): Place | undefined {
  if (!from) {
    const column = board.stages.findIndex((c) => c.items.length > 0);
    return column < 0 ? undefined : { column, row: 0 };
  }
  if (by.row) {
    const last = (board.stages[from.column]?.items.length ?? 1) - 1;
    return { ...from, row: Math.min(last, Math.max(0, from.row + by.row)) };
  }
  const way = by.column ?? 0;
  for (let column = from.column + way; way && column >= 0 && column < board.stages.length; column += way) {
    const items = board.stages[column]?.items ?? [];
    if (items.length) return { column, row: Math.min(from.row, items.length - 1) };
  }
  return from;
}

/** Where a card belongs in a column: by priority, in closure what came last is first. */
function rank(items: BoardCard[], card: BoardCard, stage: string): number {
  if (stage === "closure") return 0;
  const at = items.findIndex(
    (c) => c.priority < card.priority || (c.priority === card.priority && c.number < card.number),
  );
  return at < 0 ? items.length : at;
}

const laneValue = (card: BoardCard, lane: BoardLane): string =>
  lane === "severity" ? card.severity : (card.owner?.id ?? "none");

/** The board with a card moved to a stage; the same board when it is there already. */
export function moveCard(board: Board, id: string, to: Stage, now: string, lane?: BoardLane): Board {
  const from = placeOf(board, id);
  const card = cardAt(board, from);
  if (!card || card.stage === to) return board;
  const moved: BoardCard = { ...card, stage: to, stage_entered_at: now };
  const count = (c: BoardColumn, by: number): Pick<BoardColumn, "count" | "lanes"> => {
    const value = lane && laneValue(card, lane);
    return {
      count: c.count + by,
      ...(value && c.lanes ? { lanes: { ...c.lanes, [value]: (c.lanes[value] ?? 0) + by } } : {}),
    };
  };
  return {
    ...board,
    stages: board.stages.map((c) => {
      if (c.stage === card.stage) return { ...c, ...count(c, -1), items: c.items.filter((x) => x.id !== id) };
      if (c.stage !== to) return c;
      const items = [...c.items];
      items.splice(rank(items, moved, to), 0, moved);
      return { ...c, ...count(c, 1), items };
    }),
  };
}

/** The stage that a card goes to by one step left or right. */
export const stageToward = (card: BoardCard, by: -1 | 1): Stage | undefined => stageBeside(card.stage, by);

export interface Lane {
  id: string;
  count: number;
}

/** The lanes of a board, worst severity first or the busiest owner first, nobody last. */
export function lanesOf(board: Board, lane: BoardLane): Lane[] {
  const counts = new Map<string, number>();
  for (const c of board.stages)
    for (const [id, n] of Object.entries(c.lanes ?? {})) counts.set(id, (counts.get(id) ?? 0) + n);
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([id, count]) => ({ id, count }))
    .sort((a, b) => {
      if (lane === "severity") return a.id.localeCompare(b.id);
      if ((a.id === "none") !== (b.id === "none")) return a.id === "none" ? 1 : -1;
      return b.count - a.count || a.id.localeCompare(b.id);
    });
}

/** The cards of a column that are in a lane; all of them without lanes. */
export const inLane = (
  column: BoardColumn,
  lane: BoardLane | undefined,
  id: string | undefined,
): BoardCard[] =>
  lane && id !== undefined ? column.items.filter((c) => laneValue(c, lane) === id) : column.items;

/** How many a column has over its limit; 0 within it or without one. */
export const overLimit = (c: Pick<BoardColumn, "count" | "limit">): number =>
  c.limit ? Math.max(0, c.count - c.limit) : 0;

export const isStage = (v: unknown): v is Stage => stages.includes(v as Stage);
