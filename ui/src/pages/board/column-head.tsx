import { Plus } from "lucide-react";
import { useState } from "react";
import { usePatchLaunch } from "@/api/launches";
import type { BoardColumn, Launch } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Field, Input } from "@/ui/field";
import { Glyph } from "@/ui/glyph";
import { Popover } from "@/ui/popover";
import { StageDial } from "@/ui/stage";
import { explain } from "@/ui/states";
import { ageOf } from "./age";
import { overLimit } from "./moves";

/** Name, count, limit, and for how long half of them have been here. Over the limit it says so in words. */
export function ColumnHead({
  column,
  launch,
  mayLimit,
  mayAdd,
  onNew,
}: {
  column: BoardColumn;
  launch: Launch;
  mayLimit: boolean;
  mayAdd: boolean;
  onNew: () => void;
}) {
  const limit = launch.wip_limits[column.stage];
  const over = overLimit({ count: column.count, limit });
  const name = word("stage", column.stage);
  return (
    <header className="grid flex-none gap-0.5 px-2.5 pt-2 pb-1.5">
      <div className="flex h-6 min-w-0 items-center gap-1.5">
        <span className="text-fg-3">
          <StageDial stage={column.stage} />
        </span>
        <h2 className="min-w-0 truncate text-body font-semibold" title={word("stage.about", column.stage)}>
          {name}
        </h2>
        <span className={cx("num flex-none", over ? "font-semibold text-watch" : "text-fg-2")}>
          {number(column.count)}
        </span>
        {limit ? <Limit column={column} launch={launch} limit={limit} editable={mayLimit} /> : null}
        <span className="flex-1" />
        {mayAdd ? (
          <IconButton
            label={t("board.newIn", { stage: name })}
            icon={Plus}
            size={14}
            className="-mr-1 !h-6 !w-6 flex-none"
            onClick={onNew}
          />
        ) : null}
      </div>
      <div className="num flex h-5 min-w-0 items-center gap-1 text-meta text-fg-3">
        {over ? (
          <p className="inline-flex min-w-0 items-center gap-1 truncate font-medium text-watch">
            <Glyph state="watch" size={9} />
            {t("board.over", { count: over })}
          </p>
        ) : (
          <p className="min-w-0 truncate">{line(column)}</p>
        )}
        <span className="flex-1" />
        {limit || column.stage === "closure" || !mayLimit ? null : (
          <Limit column={column} launch={launch} limit={undefined} editable />
        )}
      </div>
    </header>
  );
}

/** The second line of a head that is within its limit. */
function line(column: BoardColumn): string {
  if (column.count === 0) return t("board.empty");
  if (column.stage === "closure") return t("board.newestClosed");
  return t("board.median", { age: ageOf(column.median_age_seconds) });
}

function Limit({
  column,
  launch,
  limit,
  editable,
}: {
  column: BoardColumn;
  launch: Launch;
  limit: number | undefined;
  editable: boolean;
}) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const patch = usePatchLaunch(launch.id);
  const name = word("stage", column.stage);
  const put = (n: number, undo: boolean) =>
    patch.mutate(
      { wip_limits: { [column.stage]: n } },
      {
        onSuccess: () =>
          toasts.show(
            n ? t("board.limited", { stage: name, limit: n }) : t("board.unlimited", { stage: name }),
            {
              undo: undo ? () => put(limit ?? 0, false) : undefined,
            },
          ),
        onError: (e) => toasts.show(explain(e), { tone: "error" }),
      },
    );
  if (!editable)
    return limit ? (
      <span className="num flex-none text-meta text-fg-3">{t("board.limit", { limit })}</span>
    ) : null;
  return (
    <Popover
      title={t("board.limitOf", { stage: name })}
      open={open}
      onOpenChange={(o) => {
        setTyped(limit ? String(limit) : "");
        setOpen(o);
      }}
      trigger={
        <button
          type="button"
          aria-label={
            limit
              ? t("board.limitOfIs", { stage: name, count: column.count, limit })
              : t("board.limitOf", { stage: name })
          }
          title={t("board.limitOf", { stage: name })}
          className={cx(
            "num state -mx-1 flex-none rounded-1 px-1 text-meta text-fg-3 hover:bg-hover hover:text-fg",
            "min-h-6 pointer-coarse:opacity-100",
            !limit && "opacity-0 group-hover/column:opacity-100 focus-visible:opacity-100",
          )}
        >
          {limit ? t("board.limit", { limit }) : t("board.setLimit")}
        </button>
      }
    >
      <form
        className="grid gap-2 p-3"
        onSubmit={(e) => {
          e.preventDefault();
          setOpen(false);
          const n = Number(typed || 0);
          if (n !== (limit ?? 0)) put(n, true);
        }}
      >
        <Field label={t("board.limitOf", { stage: name })} hint={t("board.limitHint")}>
          {(w) => (
            <Input
              {...w}
              autoFocus
              type="number"
              min={0}
              max={9999}
              inputMode="numeric"
              value={typed}
              onChange={(e) => setTyped(e.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" className="justify-self-end">
          {t("common.save")}
        </Button>
      </form>
    </Popover>
  );
}
