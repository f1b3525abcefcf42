import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { issueSearchQuery } from "@/api/issues";
import type { RelatedResult } from "@/api/types";
import { t } from "@/i18n";
import { Confidence } from "@/ui/bar";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { StageDial } from "@/ui/stage";
import { Skeleton } from "@/ui/states";

/** Which issue a feedback belongs to: the suggested ones first, then whatever the typing finds. */
export function JoinDialog({
  launchId,
  related,
  onJoin,
  onClose,
}: {
  launchId: string;
  related: RelatedResult | undefined;
  onJoin: (issueId: string) => void;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  const found = useQuery(issueSearchQuery(launchId, q));
  const suggested = typed ? [] : (related?.issues ?? []);
  const known = new Set(suggested.map((s) => s.issue.id));
  const others = (found.data ?? []).filter((i) => !known.has(i.id));
  return (
    <Dialog open onClose={onClose} title={t("join.title")} note={t("join.note")} width={560}>
      <Input
        autoFocus
        aria-label={t("join.search")}
        placeholder={t("join.search")}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
      />
      {suggested.length ? (
        <ul aria-label={t("join.suggested")} className="mt-3 grid gap-1">
          {suggested.map((s) => (
            <Choice
              key={s.issue.id}
              onChoose={() => onJoin(s.issue.id)}
              code={s.issue.key}
              title={s.issue.title}
              stage={s.issue.stage}
              note={s.reason}
              confidence={s.confidence}
            />
          ))}
        </ul>
      ) : null}
      {found.isPending ? <Skeleton rows={3} className="!px-0" /> : null}
      <ul aria-label={t("join.others")} className="mt-3 grid gap-1">
        {others.map((i) => (
          <Choice
            key={i.id}
            onChoose={() => onJoin(i.id)}
            code={i.key}
            title={i.title}
            stage={i.stage}
            note={t("issue.reports", { count: i.reach.feedback })}
          />
        ))}
      </ul>
      {found.data && others.length + suggested.length === 0 ? (
        <p className="mt-3 text-fg-2">{t("join.none")}</p>
      ) : null}
    </Dialog>
  );
}

function Choice({
  code,
  title,
  stage,
  note,
  confidence,
  onChoose,
}: {
  code: string;
  title: string;
  stage: string;
  note: string;
  confidence?: number;
  onChoose: () => void;
}) {
  return (
    <li>
      <button
        type="button"
        onClick={onChoose}
        className="state grid w-full grid-cols-[14px_56px_minmax(0,1fr)_auto] items-center gap-x-2 rounded-2 px-2 py-1.5 text-left hover:bg-hover focus-visible:bg-hover"
      >
        <span className="text-fg-3">
          <StageDial stage={stage} />
        </span>
        <span className="id text-fg-3">{code}</span>
        <span className="truncate font-550">{title}</span>
        {confidence === undefined ? <span /> : <Confidence value={confidence} />}
        <span className="col-span-2 col-start-3 line-clamp-2 text-meta text-fg-3">{note}</span>
      </button>
    </li>
  );
}
