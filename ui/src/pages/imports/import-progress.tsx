import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download, Square, Undo2 } from "lucide-react";
import { useState } from "react";
import { importApi, importQuery, importsQuery, isMoving } from "@/api/imports";
import type { Import } from "@/api/types";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { number, percent } from "@/i18n/format";
import { Progress } from "@/ui/bar";
import { Button, buttonClass } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { explain } from "@/ui/states";
import { Time } from "@/ui/time";
import { ImportState } from "./import-state";

/** What became of the rows, live, and what can be done about it. */
export function ImportProgress({ item }: { item: Import }) {
  const p = item.progress;
  const all = p.accepted || 1;
  return (
    <div className="grid w-full max-w-[860px] gap-3">
      <Panel
        title={<ImportState item={item} />}
        actions={
          item.started_at ? (
            <span className="text-meta text-fg-3">
              <Time at={item.started_at} relative />
            </span>
          ) : null
        }
      >
        <div className="grid gap-3 px-3 pb-3">
          {item.error ? <p className="text-critical">{item.error}</p> : null}
          <Progress value={p.percent / 100} label={t("imports.progress")} />
          <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
            <Figure
              name={t("imports.rows")}
              value={
                p.rows_total
                  ? t("imports.ofTotal", { read: p.rows_read, total: p.rows_total })
                  : number(p.rows_read)
              }
            />
            <Figure name={t("imports.good")} value={number(p.accepted)} />
            <Figure name={t("imports.duplicates")} value={number(p.duplicates)} />
            <Figure
              name={t("imports.bad")}
              value={number(p.bad)}
              tone={p.bad ? "text-critical" : undefined}
            />
          </dl>
          <Track name={t("imports.triaged")} done={p.processed} all={all} />
          <Track name={t("imports.vectors")} done={p.embedded} all={all} note={t("imports.vectorsNote")} />
          <Actions item={item} />
        </div>
      </Panel>
    </div>
  );
}

function Figure({ name, value, tone }: { name: string; value: string; tone?: string }) {
  return (
    <div>
      <dt className="text-[12px] text-fg-2">{name}</dt>
      <dd className={`num text-verdict font-550 tracking-[-0.01em] ${tone ?? ""}`}>{value}</dd>
    </div>
  );
}

function Track({ name, done, all, note }: { name: string; done: number; all: number; note?: string }) {
  const share = Math.min(1, done / all);
  return (
    <div className="grid gap-1">
      <p className="flex items-baseline gap-2 text-dense">
        <span className="font-550">{name}</span>
        {note ? <span className="text-fg-3 max-sm:hidden">{note}</span> : null}
        <span className="num ml-auto text-fg-2">{percent(share)}</span>
      </p>
      <Progress value={share} label={name} />
    </div>
  );
}

function Actions({ item }: { item: Import }) {
  const [asking, setAsking] = useState(false);
  const run = useImportVerb(item);
  const running = isMoving(item) && ["queued", "running"].includes(item.state);
  const params = { launchId: item.launch_id };
  return (
    <div className="flex flex-wrap gap-2">
      {item.progress.processed > 0 && item.state !== "undone" ? (
        <Link
          to="/launches/$launchId/feedback"
          params={params}
          search={{ tab: "all", import: item.id }}
          className={buttonClass("primary")}
        >
          {t("imports.open")}
        </Link>
      ) : null}
      {item.progress.bad > 0 ? (
        <a href={importApi.errorsURL(item.id)} download className={buttonClass()}>
          <Icon of={Download} size={14} />
          {t("imports.errors", { count: item.progress.bad })}
        </a>
      ) : null}
      {running ? (
        <Button icon={Square} disabled={run.isPending} onClick={() => run.mutate("cancel")}>
          {t("imports.stop")}
        </Button>
      ) : null}
      {["done", "failed", "triaging"].includes(item.state) ? (
        <Button icon={Undo2} look="danger" onClick={() => setAsking(true)}>
          {t("imports.undo")}
        </Button>
      ) : null}
      {asking ? (
        <Dialog
          open
          onClose={() => setAsking(false)}
          title={t("imports.undoAsk", { name: item.file_name })}
          note={t("imports.undoNote", { count: item.progress.accepted })}
          footer={
            <>
              <Button onClick={() => setAsking(false)}>{t("common.cancel")}</Button>
              <Button
                look="danger"
                onClick={() => {
                  setAsking(false);
                  run.mutate("undo");
                }}
              >
                {t("imports.undo")}
              </Button>
            </>
          }
        >
          {null}
        </Dialog>
      ) : null}
    </div>
  );
}

function useImportVerb(item: Import) {
  const cache = useQueryClient();
  const counts = useQuery({ ...importQuery(item.id), enabled: false });
  return useMutation({
    mutationFn: (verb: "undo" | "cancel") => importApi[verb](item.id),
    onSuccess: () => {
      void counts.refetch();
      for (const key of [
        importsQuery(item.launch_id).queryKey,
        ["feedback-list"],
        ["feedback-facets"],
        ["launch"],
      ]) {
        void cache.invalidateQueries({ queryKey: key });
      }
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
}
