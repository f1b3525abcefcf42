import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, Check, ChevronDown, ChevronUp, CircleSlash, Link2, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useActions } from "@/actions/use-actions";
import { isStatus } from "@/api/error";
import { feedbackQuery, relatedQuery } from "@/api/feedback";
import type { Feedback } from "@/api/types";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { MovedLine } from "../shared/moved";
import { severities } from "../shared/vocabulary";
import { FeedbackBody } from "./feedback-body";
import { FeedbackFacts, type OpenMenu } from "./feedback-facts";
import { JoinDialog } from "./join-dialog";
import type { Verbs } from "./verbs";

interface Props {
  id: string;
  /** What the list knows already: shown until the whole is there, so that moving on never waits. */
  row: Feedback | undefined;
  launchId: string;
  place: { at: number; of: number } | undefined;
  onStep: (by: number) => void;
  onBack: () => void;
  onAct: (ids: string[], act: () => Promise<void>) => void;
  verbs: Verbs;
}

export function FeedbackDetail({ id, row, launchId, place, onStep, onBack, onAct, verbs }: Props) {
  const { data: whole, error, refetch } = useQuery({ ...feedbackQuery(id), placeholderData: row });
  // While the line is cut, what the list knows is better than nothing.
  const data = whole ?? (isStatus(error, 0) ? row : undefined);
  const related = useQuery(relatedQuery(id)).data;
  const [joining, setJoining] = useState(false);
  const [menu, setMenu] = useState<OpenMenu>();

  const open = data && data.state !== "accepted";
  const best = related?.issues[0];
  const accept = (issueId?: string) => data && onAct([id], () => verbs.accept(data, issueId));
  const ignore = () => data && onAct([id], () => verbs.ignore([id]));
  const severity = (level: (typeof severities)[number]) =>
    data && void verbs.correct(data, { severity: level });
  const spam = (yes: boolean) => data && onAct(yes ? [id] : [], () => verbs.correct(data, { spam: yes }));
  const canAct = () => Boolean(open);
  useActions([
    {
      id: "item.accept",
      keys: ["enter"],
      scope: "item",
      label: t("action.accept"),
      hint: t("hint.accept"),
      icon: Check,
      when: canAct,
      run: () => accept(),
    },
    {
      id: "item.join-best",
      keys: ["shift+enter"],
      scope: "item",
      label: best ? t("action.joinBest", { key: best.issue.key }) : t("action.joinSuggested"),
      icon: Link2,
      when: () => Boolean(open && best),
      run: () => accept(best?.issue.id),
    },
    {
      id: "item.join",
      keys: ["l"],
      scope: "item",
      label: t("action.join"),
      hint: t("hint.join"),
      icon: Link2,
      when: canAct,
      run: () => setJoining(true),
    },
    {
      id: "item.severity",
      keys: ["s"],
      scope: "item",
      label: t("action.severity"),
      hint: t("hint.severity"),
      run: () => setMenu("severity"),
    },
    {
      id: "item.category",
      keys: ["t"],
      scope: "item",
      label: t("action.category"),
      hint: t("hint.category"),
      run: () => setMenu("category"),
    },
    {
      id: "item.assign",
      keys: ["a"],
      scope: "item",
      label: t("action.assign"),
      hint: t("hint.assign"),
      run: () => setMenu("assignee"),
    },
    {
      id: "item.ignore",
      keys: ["e"],
      scope: "item",
      label: t("action.ignore"),
      hint: t("hint.ignore"),
      icon: CircleSlash,
      when: () => data?.state === "new",
      run: ignore,
    },
    {
      id: "item.spam",
      scope: "item",
      label: t(data?.state === "spam" ? "feedback.notSpam" : "feedback.spam"),
      when: () => data?.state === "new" || data?.state === "spam",
      run: () => spam(data?.state !== "spam"),
    },
    ...severities.map((level, i) => ({
      id: `item.${level}`,
      keys: [String(i + 1)],
      scope: "item" as const,
      label: t("action.setSeverity", { severity: word("severity.long", level) }),
      run: () => severity(level),
    })),
  ]);

  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={9} className="p-6" />;
  return (
    <article aria-label={t("feedback.one", { number: data.number })} className="flex h-full min-h-0 flex-col">
      <header className="flex h-11 flex-none items-center gap-2 border-line border-b pr-3.5 pl-6 max-md:pl-2">
        <IconButton label={t("common.back")} icon={ArrowLeft} className="md:hidden" onClick={onBack} />
        <span className="id text-fg-2">#{data.number}</span>
        <Tag tone={data.state === "accepted" ? "ok" : "plain"}>{word("state", data.state)}</Tag>
        <span className="flex-1" />
        {place ? (
          <span className="num text-[12px] whitespace-nowrap text-fg-2 max-lg:hidden">
            {t("feedback.place", { at: number(place.at), of: number(place.of) })}
          </span>
        ) : null}
        <IconButton
          label={t("action.previous")}
          icon={ChevronUp}
          disabled={!place || place.at <= 1}
          onClick={() => onStep(-1)}
        />
        <IconButton
          label={t("action.next")}
          icon={ChevronDown}
          disabled={!place || place.at >= place.of}
          onClick={() => onStep(1)}
        />
        {data.state === "new" ? (
          <Button icon={CircleSlash} onClick={ignore} className="max-sm:hidden">
            {t("feedback.ignore")}
          </Button>
        ) : null}
        {data.state === "spam" ? (
          <Button icon={ShieldCheck} onClick={() => spam(false)}>
            {t("feedback.notSpam")}
          </Button>
        ) : null}
        {open ? (
          <>
            <Button icon={Link2} onClick={() => setJoining(true)}>
              {t("feedback.join")}
            </Button>
            <Button look="primary" icon={Check} onClick={() => accept()}>
              {t("feedback.accept")}
            </Button>
          </>
        ) : null}
      </header>
      <MovedLine id={id} />
      <div className="grid min-h-0 flex-1 content-start overflow-y-auto lg:grid-cols-[minmax(0,1fr)_292px] lg:content-stretch lg:overflow-hidden">
        <FeedbackBody feedback={data} related={related} onJoin={accept} verbs={verbs} launchId={launchId} />
        <FeedbackFacts feedback={data} verbs={verbs} menu={menu} onMenu={setMenu} />
      </div>
      {joining ? (
        <JoinDialog
          launchId={launchId}
          related={related}
          onClose={() => setJoining(false)}
          onJoin={(issueId) => {
            setJoining(false);
            accept(issueId);
          }}
        />
      ) : null}
    </article>
  );
}
