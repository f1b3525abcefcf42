import { queryOptions } from "@tanstack/react-query";
import { ask, client } from "./client";
import type { BoardFilter } from "./issue-filter";
import type { Board, BoardColumn } from "./types";

const firstCards = 50;
const mostCards = 200;

async function read(
  launch: string,
  filter: BoardFilter,
  query: { stage?: BoardColumn["stage"]; cursor?: string; per_stage: number },
  signal?: AbortSignal,
): Promise<Board> {
  return ask(
    client.GET("/launches/{id}/board", {
      params: { path: { id: launch }, query: { ...filter, ...query } },
      signal,
    }),
  );
}

/** What follows in one column. */
export async function nextCards(
  launch: string,
  filter: BoardFilter,
  column: BoardColumn,
  signal?: AbortSignal,
) {
  const page = await read(
    launch,
    filter,
    { stage: column.stage, cursor: column.next_cursor, per_stage: mostCards },
    signal,
  );
  return append(column, page.stages[0]);
}

/** A column with the cards of a further page; a card that has moved up meanwhile is in it once. */
export function append(column: BoardColumn, page: BoardColumn | undefined): BoardColumn {
  if (!page) return column;
  const known = new Set(column.items.map((c) => c.id));
  return {
    ...page,
    items: [...column.items, ...page.items.filter((c) => !known.has(c.id))],
    next_cursor: page.next_cursor,
  };
}

export const boardKey = (launch: string, filter: BoardFilter) => ["board", launch, filter] as const;

/** One request for all columns. A column that was read further before is read as far again. */
export const boardQuery = (launch: string, filter: BoardFilter) =>
  queryOptions({
    queryKey: boardKey(launch, filter),
    queryFn: async ({ signal, client: cache }) => {
      const before = cache.getQueryData<Board>(boardKey(launch, filter));
      const board = await read(launch, filter, { per_stage: firstCards }, signal);
      const stages = await Promise.all(
        board.stages.map(async (fresh) => {
          const had = before?.stages.find((c) => c.stage === fresh.stage)?.items.length ?? 0;
          let column = fresh;
          while (column.next_cursor && column.items.length < had) {
            column = await nextCards(launch, filter, column, signal);
          }
          return column;
        }),
      );
      return { ...board, stages };
    },
    placeholderData: (before) => before,
  });
