import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { issueSearchQuery, similarIssuesQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { t } from "@/i18n";
import { percent } from "@/i18n/format";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import type { IssueVerbs } from "./verbs";

/** Chooses the issue that stays, and shows what the merge makes before it is made. */
export function MergeDialog({
  issue,
  launchId,
  verbs,
  onClose,
}: {
  issue: Issue;
  launchId: string;
  verbs: IssueVerbs;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState("");
  const [into, setInto] = useState<Issue>();
  const navigate = useNavigate();
  const q = useDeferredValue(typed.trim());
  const similar = useQuery(similarIssuesQuery(issue.id)).data ?? [];
  const found = useQuery(issueSearchQuery(launchId, q)).data ?? [];
  const why = new Map(
    similar.map((s) => [s.issue.id, t("merge.like", { percent: percent(s.confidence), reason: s.reason })]),
  );
  const offered = [...(typed ? [] : similar.map((s) => s.issue)), ...found]
    .filter((i, at, all) => i.id !== issue.id && all.findIndex((x) => x.id === i.id) === at)
    .slice(0, 8);
  const run = async () => {
    if (!into) return;
    onClose();
    const stays = await verbs.merge(into);
    if (stays)
      void navigate({ to: "/launches/$launchId/issues/$issueId", params: { launchId, issueId: stays.key } });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title={t("merge.title", { key: issue.key })}
      note={t("merge.note")}
      footer={
        <>
          <p role="status" className="mr-auto text-dense text-fg-2">
            {into
              ? t("merge.preview", {
                  key: into.key,
                  count: issue.reach.feedback + into.reach.feedback,
                  from: issue.key,
                })
              : t("merge.choose")}
          </p>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={!into} onClick={() => void run()}>
            {t("issue.merge")}
          </Button>
        </>
      }
    >
      <Input
        autoFocus
        aria-label={t("join.search")}
        placeholder={t("join.search")}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
      />
      <fieldset className="mt-3 grid gap-1">
        <legend className="sr-only">{t("merge.choose")}</legend>
        {offered.map((i) => (
          <label
            key={i.id}
            className={cx(
              "grid cursor-pointer grid-cols-[16px_12px_56px_minmax(0,1fr)_auto] items-center gap-x-2 rounded-2 px-2 py-1.5 hover:bg-hover",
              into?.id === i.id && "bg-selected",
            )}
          >
            <input
              type="radio"
              name="into"
              className="accent-accent"
              checked={into?.id === i.id}
              onChange={() => setInto(i)}
            />
            <Glyph state={stateOfSeverity(i.severity)} />
            <span className="id text-fg-3">{i.key}</span>
            <span className="truncate font-550">{i.title}</span>
            <span className="num text-meta text-fg-3">{t("issue.reports", { count: i.reach.feedback })}</span>
            {why.has(i.id) ? (
              <span className="col-start-4 col-span-2 text-meta text-fg-3">{why.get(i.id)}</span>
            ) : null}
          </label>
        ))}
      </fieldset>
      {offered.length === 0 ? <p className="mt-1 text-fg-2">{t("join.none")}</p> : null}
    </Dialog>
  );
}
