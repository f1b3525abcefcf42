import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type BoardFilter, type BoardLane, boardFacets, boardLanes, type Stage } from "@/api/issue-filter";
import { issueFacetsQuery } from "@/api/issues";
import type { BoardCard } from "@/api/types";
import { useLaunch, useMe } from "@/app/launch";
import { LiveDot } from "@/app/live";
import { boardSearch } from "@/app/search";
import { useTitle } from "@/app/title";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { sayEffect } from "../issue/effect";
import { moveEffect } from "../issue/stages";
import { IssueFilterBar } from "../issues/issue-filter-bar";
import { NewIssueDialog } from "../issues/new-issue-dialog";
import { leaveTrail } from "../issues/trail";
import { useIssueBulk } from "../issues/use-issue-bulk";
import { ViewsMenu } from "../shared/views-menu";
import type { CardVerbs } from "./card";
import { Columns } from "./columns";
import { cardAt, placeOf, stageToward, step } from "./moves";
import { useBoard } from "./use-board";
import { useBoardActions } from "./use-board-actions";

const route = getRouteApi("/app/launches/$launchId/board");

/** Every issue in the column of its stage: what is where, for how long, and what is too much. */
export default function BoardPage() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = new Set(useMe().permissions ?? []);
  const movable = may.has("work_feedback");
  const { board, error, pending, reload, move, more } = useBoard(launch.id, search);
  const { lane: _, ...chosen } = search;
  const facets = useQuery(issueFacetsQuery(launch.id, { ...chosen, show: "all" })).data?.facets;
  const bulk = useIssueBulk(launch.id);
  const [current, setCurrent] = useState<string>();
  const [menu, setMenu] = useState<string>();
  const [lifted, setLifted] = useState<BoardCard>();
  const [making, setMaking] = useState<Stage>();
  const [said, setSaid] = useState("");
  const follow = useFocusOn(current, board, menu);
  useTitle(t("nav.board"));

  const change = (next: BoardFilter) => void navigate({ search: next, replace: true });
  const total = board?.stages.reduce((n, c) => n + c.count, 0);
  const open = board?.stages.reduce((n, c) => n + (c.stage === "closure" ? 0 : c.count), 0);
  const card = board && cardAt(board, placeOf(board, current));
  const shown = useRef({ board, limits: launch.wip_limits });
  shown.current = { board, limits: launch.wip_limits };

  useTrail(launch.id, search, board?.stages.flatMap((c) => c.items.map((i) => i.key)).join(" "), total);

  const effect = useCallback((c: BoardCard, to: Stage) => {
    const column = shown.current.board?.stages.find((x) => x.stage === to);
    const target = column && { count: column.count, limit: shown.current.limits[to] };
    return sayEffect(moveEffect(c.stage, to, c.people, target));
  }, []);
  const onMove = useCallback(
    (c: BoardCard, to: Stage) => {
      const column = shown.current.board?.stages.find((x) => x.stage === to);
      const moved = { ...c, stage: to };
      const after = stageToward(moved, 1);
      const next = after && effect(moved, after);
      setCurrent(c.id);
      follow();
      move(c, to);
      setSaid(
        [
          t("board.said", { key: c.key, stage: word("stage", to), count: (column?.count ?? 0) + 1 }),
          after && next ? t("board.saidNext", { stage: word("stage", after), effect: next }) : "",
        ].join(" "),
      );
    },
    [effect, follow, move],
  );
  const verbs = useMemo<CardVerbs>(
    () => ({
      launchId: launch.id,
      movable,
      onFocus: setCurrent,
      onMenu: (id) => {
        setMenu(id);
        if (!id) follow();
      },
      onMove,
      onDrag: setLifted,
      effect,
    }),
    [launch.id, movable, onMove, effect, follow],
  );
  useBoardActions({
    card,
    movable,
    some: Boolean(total),
    onStep: (by) => {
      const to = board && cardAt(board, step(board, placeOf(board, current), by));
      if (!to) return;
      follow();
      setCurrent(to.id);
    },
    onOpen: () =>
      card &&
      void navigate({
        to: "/launches/$launchId/issues/$issueId",
        params: { launchId: launch.id, issueId: card.key },
      }),
    onMenu: () => setMenu(card?.id),
    onMove: (to) => card && onMove(card, to),
    onNew: () => setMaking(card?.stage ?? "intake"),
  });

  return (
    <main className="flex flex-col">
      <header className="flex h-11 flex-none items-center gap-2.5 px-5 max-sm:px-3">
        <h1 className="text-verdict font-semibold tracking-[-0.014em]">{t("nav.board")}</h1>
        {open === undefined ? null : <p className="num text-fg-2">{t("board.note", { count: open })}</p>}
        <LiveDot />
        <span className="flex-1" />
        {movable ? (
          <Button icon={Plus} keys="n" onClick={() => setMaking(card?.stage ?? "intake")}>
            {t("newIssue.title")}
          </Button>
        ) : null}
      </header>
      <div className="flex-none px-5 pb-2.5 max-sm:px-3">
        <IssueFilterBar search={search} offered={boardFacets} facets={facets} onChange={change}>
          <ViewsMenu
            launchId={launch.id}
            page="board"
            search={search}
            onOpen={(s) => change(boardSearch(s))}
          />
          <Select
            aria-label={t("board.lanes")}
            className="!h-7 !w-auto !text-dense [field-sizing:content]"
            value={search.lane ?? ""}
            onChange={(e) =>
              change({ ...search, lane: (e.target.value || undefined) as BoardLane | undefined })
            }
            options={[
              { value: "", label: t("board.lane.none") },
              ...boardLanes.map((l) => ({ value: l, label: t(`board.lane.${l}`) })),
            ]}
          />
        </IssueFilterBar>
      </div>
      <p role="status" className="sr-only">
        {said}
      </p>
      {error ? <Failure error={error} onRetry={reload} /> : null}
      {pending ? <Skeleton rows={8} /> : null}
      {board && total === 0 ? (
        <Nothing filtered={Object.keys(chosen).length > 0} onClear={() => change({ lane: search.lane })} />
      ) : null}
      {board && total ? (
        <Columns
          board={board}
          launch={launch}
          lane={search.lane}
          current={current}
          menu={menu}
          lifted={lifted}
          verbs={verbs}
          mayLimit={may.has("manage_launch")}
          onMore={more}
          onNew={setMaking}
        />
      ) : null}
      {making ? (
        <NewIssueDialog
          stage={making}
          areas={(facets?.area ?? []).map((a) => a.value).filter((a) => a !== "none")}
          onCreate={(input) =>
            void bulk.create(input).then((made) => {
              if (!made) return;
              follow();
              setCurrent(made.id);
            })
          }
          onClose={() => setMaking(undefined)}
        />
      ) : null}
    </main>
  );
}

/** The focus goes where the cursor goes, once the card is drawn there. Answers how to ask for it. */
function useFocusOn(id: string | undefined, drawn: unknown, menu: string | undefined): () => void {
  const wanted = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a moved card is drawn anew in another column, a closed menu gives the focus back
  useEffect(() => {
    if (!wanted.current || !id || menu) return;
    // A long column scrolls to the card first, and draws it then.
    const frame = requestAnimationFrame(() => {
      const link = document.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"] a`);
      if (!link) return;
      wanted.current = false;
      link.focus();
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    return () => cancelAnimationFrame(frame);
  }, [id, drawn, menu]);
  return useCallback(() => {
    wanted.current = true;
  }, []);
}

/** An issue that is opened from the board goes up and down in its order. */
function useTrail(launch: string, search: BoardFilter, keys: string | undefined, total: number | undefined) {
  useEffect(() => {
    if (keys !== undefined && total !== undefined)
      leaveTrail({ launch, page: "board", search, keys: keys.split(" "), total });
  }, [launch, search, keys, total]);
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered)
    return (
      <Empty
        title={t("issues.noneFiltered")}
        action={<Button onClick={onClear}>{t("filter.clear")}</Button>}
      />
    );
  return (
    <Empty title={t("issues.none")}>
      <p>{t("issues.noneText")}</p>
    </Empty>
  );
}
