import type { BoardLane, Stage } from "@/api/issue-filter";
import type { Board, BoardCard, BoardColumn, Launch } from "@/api/types";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Severity } from "@/ui/glyph";
import { useFacetLabel } from "../issues/issue-filter-bar";
import type { CardVerbs } from "./card";
import { Cell } from "./cell";
import { ColumnHead } from "./column-head";
import { inLane, lanesOf } from "./moves";

interface Props {
  board: Board;
  launch: Launch;
  lane: BoardLane | undefined;
  current: string | undefined;
  menu: string | undefined;
  lifted: BoardCard | undefined;
  verbs: CardVerbs;
  mayLimit: boolean;
  onMore: (column: BoardColumn) => void;
  onNew: (stage: Stage) => void;
}

/** The seven columns, each scrolling by itself; or parted into lanes that scroll together. */
export function Columns(p: Props) {
  return p.lane ? <Lanes {...p} lane={p.lane} /> : <Plain {...p} />;
}

function head(p: Props, column: BoardColumn) {
  return (
    <ColumnHead
      column={column}
      launch={p.launch}
      mayLimit={p.mayLimit}
      mayAdd={p.verbs.movable}
      onNew={() => p.onNew(column.stage)}
    />
  );
}

function Plain(p: Props) {
  return (
    <div className="flex min-h-0 flex-1 snap-x scroll-px-5 gap-2 overflow-x-auto px-5 pb-3 max-sm:scroll-px-3 max-sm:px-3">
      {p.board.stages.map((column) => (
        <div
          key={column.stage}
          className="group/column flex min-h-0 min-w-[176px] flex-1 snap-start flex-col rounded-3 border border-line max-sm:min-w-[264px]"
        >
          {head(p, column)}
          <Cell
            className="flex-1"
            stage={column.stage}
            label={word("stage", column.stage)}
            cards={column.items}
            count={column.count}
            current={p.current}
            menu={p.menu}
            lifted={p.lifted}
            verbs={p.verbs}
            rest={column.next_cursor ? column.count - column.items.length : 0}
            onMore={() => p.onMore(column)}
          />
        </div>
      ))}
    </div>
  );
}

function Lanes(p: Props & { lane: BoardLane }) {
  const label = useFacetLabel();
  return (
    <div className="min-h-0 flex-1 overflow-auto px-5 pb-3 max-sm:px-3">
      <div className="grid min-w-[1296px] grid-cols-[repeat(7,minmax(176px,1fr))] gap-x-2 max-sm:min-w-[1900px]">
        {p.board.stages.map((column) => (
          <div key={column.stage} className="group/column sticky top-0 z-30 border-line border-b bg-canvas">
            {head(p, column)}
          </div>
        ))}
        {lanesOf(p.board, p.lane).map((lane) => (
          <section key={lane.id} className="contents" aria-label={label(p.lane, lane.id)}>
            <h3 className="sticky left-0 col-span-full flex h-8 items-center gap-2 bg-canvas text-dense font-semibold">
              {p.lane === "severity" ? <Severity level={lane.id} long /> : label(p.lane, lane.id)}
              <span className="num font-normal text-fg-3">{number(lane.count)}</span>
            </h3>
            {p.board.stages.map((column) => {
              const cards = inLane(column, p.lane, lane.id);
              const count = column.lanes?.[lane.id] ?? cards.length;
              return (
                <Cell
                  key={column.stage}
                  className="max-h-[460px] min-h-16 rounded-t-3 border border-line pt-1.5"
                  stage={column.stage}
                  label={t("board.cell", {
                    stage: word("stage", column.stage),
                    lane: label(p.lane, lane.id),
                  })}
                  cards={cards}
                  count={count}
                  current={p.current}
                  menu={p.menu}
                  lifted={p.lifted}
                  verbs={p.verbs}
                  rest={column.next_cursor ? count - cards.length : 0}
                  onMore={() => p.onMore(column)}
                />
              );
            })}
          </section>
        ))}
      </div>
    </div>
  );
}
