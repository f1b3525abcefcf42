import { Link } from "@tanstack/react-router";
import { Layers, Sparkles, X } from "lucide-react";
import type { ReactNode } from "react";
import type { Dismissal, Feedback, FieldSuggestion, RelatedIssue } from "@/api/types";
import { Trans, t, word } from "@/i18n";
import { languageName, percent } from "@/i18n/format";
import { Confidence } from "@/ui/bar";
import { Button, IconButton } from "@/ui/button";
import { Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Tip } from "@/ui/tip";
import { facetWord } from "./names";
import { dismissals, isEmpty, type Standing } from "./suggestions";

interface Props {
  feedback: Feedback;
  /** What is suggested; undefined while it is not known. */
  standing: Standing | undefined;
  launchId: string;
  onTakeAll: () => void;
  onTakeIssue: (issueId: string) => void;
  onTakeField: (s: FieldSuggestion) => void;
  onDismiss: (what: Dismissal[]) => void;
}

/**
 * What triage would do next, in a sentence. Each part can be taken or waved off alone; why it is suggested is
 * told when it is pointed at or has the focus. Nothing is done unasked.
 */
export function SuggestionBar(p: Props) {
  const { feedback: f, standing: s } = p;
  if (f.issue) return <InIssue feedback={f} launchId={p.launchId} />;
  if (f.state !== "new") return null;
  // The place is kept while the answer is on its way, so that the text below does not jump.
  if (!s) return <div aria-hidden="true" className="min-h-[38px] flex-none" />;
  if (isEmpty(s)) return null;
  const fields = (
    <>
      {s.fields.map((x) => (
        <FieldChip key={x.field} suggestion={x} {...p} />
      ))}
    </>
  );
  const issue = s.issue ? <IssueChip related={s.issue} {...p} /> : null;
  return (
    <section
      aria-label={t("suggest.title")}
      className="flex min-h-[38px] flex-none items-center gap-[9px] rounded-2 bg-accent-soft py-1 pr-1.5 pl-[11px] text-row max-sm:flex-wrap"
    >
      <Icon of={issue ? Layers : Sparkles} size={15} className="text-accent-text max-sm:hidden" />
      <p className="min-w-0 flex-1 leading-[30px] max-sm:basis-[calc(100%-32px)] pointer-coarse:leading-[46px]">
        {issue && s.fields.length ? (
          <Trans k="suggest.joinAndFields" values={{ issue, fields }} />
        ) : issue ? (
          <Trans k="suggest.join" values={{ issue }} />
        ) : (
          <Trans k="suggest.fields" values={{ fields }} />
        )}
      </p>
      <span className="ml-auto flex flex-none items-center gap-0.5">
        <Button size="sm" keys="shift+enter" className="!h-7" onClick={p.onTakeAll}>
          {t("suggest.takeAll")}
        </Button>
        <IconButton
          label={t("suggest.dismissAll")}
          icon={X}
          size={14}
          onClick={() => p.onDismiss(dismissals(s))}
        />
      </span>
    </section>
  );
}

function InIssue({ feedback: f, launchId }: { feedback: Feedback; launchId: string }) {
  if (!f.issue) return null;
  return (
    <p className="flex items-center gap-[9px] rounded-2 bg-ok-soft px-[11px] py-[9px] text-row">
      <Icon of={Layers} size={15} className="text-ok" />
      <span className="min-w-0">
        <Trans
          k="suggest.inIssue"
          values={{
            link: (
              <Link
                to="/launches/$launchId/issues/$issueId"
                params={{ launchId, issueId: f.issue.key }}
                className="link font-550"
              >
                {f.issue.key} {f.issue.title}
              </Link>
            ),
          }}
        />
      </span>
    </p>
  );
}

function IssueChip({ related: r, onTakeIssue, onDismiss }: { related: RelatedIssue } & Props) {
  const { id, key, title } = r.issue;
  return (
    <Chip
      take={t("suggest.takeIssue", { key, percent: percent(r.confidence), title })}
      dismiss={t("suggest.dismiss", { name: t("facet.issue"), value: key })}
      confidence={r.confidence}
      title={title}
      reason={r.reason}
      onTake={() => onTakeIssue(id)}
      onDismiss={() => onDismiss([{ what: "issue", value: id }])}
    >
      <span className="id font-semibold">{key}</span>{" "}
      <span className="num text-fg-2">{percent(r.confidence)}</span>
    </Chip>
  );
}

function FieldChip({ suggestion: s, onTakeField, onDismiss }: { suggestion: FieldSuggestion } & Props) {
  const name = word("facet", s.field);
  const value = facetWord(s.field, s.value, languageName);
  return (
    <Chip
      take={t("suggest.take", { name, value })}
      dismiss={t("suggest.dismiss", { name, value })}
      confidence={s.confidence}
      reason={s.reason}
      onTake={() => onTakeField(s)}
      onDismiss={() => onDismiss([{ what: s.field, value: s.value }])}
    >
      {s.field === "severity" ? (
        <Severity level={s.value} strong />
      ) : (
        <span data-user={s.field === "area" ? "" : undefined} className="max-w-48 truncate font-semibold">
          {value}
        </span>
      )}
    </Chip>
  );
}

/** One suggestion: press to take it, the small cross waves it off, the reason comes on demand. */
function Chip({
  take,
  dismiss,
  confidence,
  title,
  reason,
  onTake,
  onDismiss,
  children,
}: {
  take: string;
  dismiss: string;
  confidence: number;
  title?: string;
  reason: string;
  onTake: () => void;
  onDismiss: () => void;
  children: ReactNode;
}) {
  return (
    <Tip
      className="suggested mr-1 inline-flex h-[26px] max-w-full items-stretch overflow-hidden rounded-1 bg-surface align-middle leading-[24px] last:mr-0 pointer-coarse:h-10"
      content={
        <span className="grid gap-1">
          {title ? <span className="font-semibold [overflow-wrap:anywhere]">{title}</span> : null}
          <span className="text-fg-2 [overflow-wrap:anywhere]">{reason || t("suggest.noReason")}</span>
          <span className="flex items-center gap-2 text-meta text-fg-3">
            <Confidence value={confidence} />
            <span className="sr-only">{t("suggest.sure", { percent: percent(confidence) })}</span>
          </span>
        </span>
      }
    >
      {(describedby) => (
        <>
          <button
            type="button"
            aria-label={take}
            aria-describedby={describedby}
            onClick={onTake}
            className="state inline-flex min-w-0 items-center gap-1.5 pr-1 pl-1.5 -outline-offset-2 hover:bg-hover"
          >
            {children}
          </button>
          <button
            type="button"
            aria-label={dismiss}
            onClick={onDismiss}
            className="state grid w-6 flex-none place-items-center text-fg-3 -outline-offset-2 hover:bg-hover hover:text-fg pointer-coarse:w-8"
          >
            <Icon of={X} size={11} />
          </button>
        </>
      )}
    </Tip>
  );
}
