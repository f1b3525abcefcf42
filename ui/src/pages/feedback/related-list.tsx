import { Link } from "@tanstack/react-router";
import { Link2 } from "lucide-react";
import type { Feedback, Related, RelatedIssue, RelatedResult } from "@/api/types";
import { t, word } from "@/i18n";
import { Confidence } from "@/ui/bar";
import { Button } from "@/ui/button";
import { StageDial } from "@/ui/stage";
import { Time } from "@/ui/time";
import { Fold } from "../shared/fold";

interface Props {
  related: RelatedResult | undefined;
  launchId: string;
  feedback: Feedback;
  onJoin: (issueId?: string) => void;
}

/** Issues it may belong to and reports like it, each with the reason. Nothing is merged by itself. */
export function RelatedList({ related, launchId, feedback, onJoin }: Props) {
  if (!related || (related.items.length === 0 && related.issues.length === 0)) return null;
  const open = feedback.state !== "accepted";
  const count = related.issues.length + related.items.length;
  return (
    <Fold id="alike" title={t("related.title")} short={t("feedback.alikeIn", { count })}>
      <p className="px-3 pt-1.5 text-meta text-fg-3">{t("related.note")}</p>
      <ul>
        {related.issues.map((r) => (
          <IssueRow
            key={r.issue.id}
            related={r}
            launchId={launchId}
            onJoin={open ? () => onJoin(r.issue.id) : undefined}
          />
        ))}
        {related.items.map((r) => (
          <FeedbackRow
            key={r.feedback.id}
            related={r}
            launchId={launchId}
            onJoin={open && r.feedback.issue ? () => onJoin(r.feedback.issue?.id) : undefined}
          />
        ))}
      </ul>
    </Fold>
  );
}

const row =
  "relative grid grid-cols-[56px_minmax(0,1fr)_88px_minmax(64px,auto)] items-center gap-x-2.5 border-line px-3 py-1.5 not-first:border-t hover:bg-hover max-sm:grid-cols-[56px_minmax(0,1fr)_minmax(64px,auto)]";

function IssueRow({
  related: r,
  launchId,
  onJoin,
}: {
  related: RelatedIssue;
  launchId: string;
  onJoin?: () => void;
}) {
  return (
    <li className={row}>
      <span className="id inline-flex items-center gap-1 text-fg-2">
        <StageDial stage={r.issue.stage} size={10} />
        {r.issue.key}
      </span>
      <Link
        to="/launches/$launchId/issues/$issueId"
        params={{ launchId, issueId: r.issue.key }}
        className="truncate font-550 after:absolute after:inset-0"
      >
        {r.issue.title}
      </Link>
      <span className="max-sm:hidden">
        <Confidence value={r.confidence} />
      </span>
      <Join onJoin={onJoin} />
      <span className="col-span-2 col-start-2 text-meta text-fg-3 [overflow-wrap:anywhere]">{r.reason}</span>
    </li>
  );
}

function FeedbackRow({
  related: r,
  launchId,
  onJoin,
}: {
  related: Related;
  launchId: string;
  onJoin?: () => void;
}) {
  const f = r.feedback;
  return (
    <li className={row}>
      <span className="id text-fg-3">{f.issue?.key ?? `#${f.number}`}</span>
      <Link
        to="/launches/$launchId/feedback"
        params={{ launchId }}
        search={{ tab: "all", item: f.id }}
        className="truncate after:absolute after:inset-0"
        dir="auto"
      >
        {f.title || f.snippet}
      </Link>
      <span className="max-sm:hidden">
        <Confidence value={r.confidence} />
      </span>
      <Join onJoin={onJoin} />
      <span className="col-span-2 col-start-2 flex min-w-0 gap-2 text-meta text-fg-3">
        <span className="flex-none">{word("related", r.kind)}</span>
        <Time at={f.occurred_at} className="num flex-none" />
        <span className="min-w-0 [overflow-wrap:anywhere]">{r.reason}</span>
      </span>
    </li>
  );
}

const Join = ({ onJoin }: { onJoin?: () => void }) =>
  onJoin ? (
    <Button size="sm" icon={Link2} onClick={onJoin} className="relative z-10 justify-self-end">
      {t("related.join")}
    </Button>
  ) : (
    <span />
  );
