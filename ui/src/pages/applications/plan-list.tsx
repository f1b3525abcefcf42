import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useRowKeys } from "@/actions/use-row-keys";
import { plansQuery } from "@/api/plans";
import type { Plan } from "@/api/types";
import { t } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { DeletePlanDialog } from "./delete-plan-dialog";
import { PlanDialog } from "./plan-dialog";
import { showRate } from "./plans";

const columns =
  "grid grid-cols-[minmax(0,1fr)_auto_40px] items-center gap-x-3 px-3 md:grid-cols-[minmax(0,2fr)_minmax(0,4fr)_120px_40px]";

/** The plans that applications are given, and what each allows. */
export function PlanList({ mayChange, onNew }: { mayChange: boolean; onNew: () => void }) {
  const { data, error, isPending, refetch } = useQuery(plansQuery);
  const [editing, setEditing] = useState<Plan>();
  const [deleting, setDeleting] = useState<Plan>();
  useRowKeys(mayChange ? (data?.length ?? 0) : 0);
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={4} height={44} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("plans.none")}
          action={mayChange ? <Button onClick={onNew}>{t("plans.new")}</Button> : null}
        >
          <p>{t("plans.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <div aria-hidden="true" className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden")}>
            <span>{t("plans.name")}</span>
            <span>{t("plans.limits")}</span>
            <span className="text-right">{t("nav.applications")}</span>
          </div>
          <ul aria-label={t("plans.title")}>
            {data.map((p) => (
              <Row
                key={p.id}
                plan={p}
                onEdit={mayChange ? () => setEditing(p) : undefined}
                onDelete={() => setDeleting(p)}
              />
            ))}
          </ul>
        </Panel>
      ) : null}
      {editing ? <PlanDialog plan={editing} onClose={() => setEditing(undefined)} /> : null}
      {deleting ? <DeletePlanDialog plan={deleting} onClose={() => setDeleting(undefined)} /> : null}
    </>
  );
}

function Row({ plan: p, onEdit, onDelete }: { plan: Plan; onEdit?: () => void; onDelete: () => void }) {
  const name = "truncate text-left font-550";
  return (
    <li className={cx(columns, "relative min-h-11 border-line border-t py-1 text-row hover:bg-hover")}>
      <span className="grid min-w-0 gap-px">
        {onEdit ? (
          <button
            type="button"
            data-list-row=""
            data-user=""
            onClick={onEdit}
            className={cx(
              name,
              "after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus",
            )}
          >
            {p.name}
          </button>
        ) : (
          <span data-user="" className={name}>
            {p.name}
          </span>
        )}
        {p.description ? (
          <span data-user="" className="truncate text-meta text-fg-3">
            {p.description}
          </span>
        ) : null}
      </span>
      <span className="min-w-0 text-meta text-fg-2 max-md:col-span-3 max-md:row-start-2">
        <Limits plan={p} />
      </span>
      <span className="num text-right text-meta text-fg-2">
        {t("applications.count", { count: p.applications })}
      </span>
      {onEdit ? (
        <IconButton
          label={t("plans.deleteOne", { name: p.name })}
          icon={Trash2}
          className="relative z-1"
          onClick={onDelete}
        />
      ) : null}
    </li>
  );
}

/** What a plan allows, in one line. */
export function Limits({ plan: p }: { plan: Plan }) {
  const parts = [
    ...p.limits.map(showRate),
    ...p.quotas.map((q) => {
      const line = t(q.per === "day" ? "plans.perDay" : "plans.perMonth", { count: number(q.count) });
      return q.zone ? `${line} (${q.zone})` : line;
    }),
    ...(p.concurrent ? [t("plans.atOnce", { count: p.concurrent })] : []),
    ...(p.priority && p.priority !== "high"
      ? [t("plans.hasPriority", { priority: t(`planPriority.${p.priority}`).toLocaleLowerCase() })]
      : []),
  ];
  return <span data-user="">{parts.length ? parts.join(" · ") : t("plans.noLimits")}</span>;
}
