import { useQuery } from "@tanstack/react-query";
import {
  ArrowLeft,
  Check,
  ChevronDown,
  ChevronUp,
  CircleSlash,
  Clock,
  Link2,
  ShieldCheck,
  Sparkles,
} from "lucide-react";
import { useState } from "react";
import { ActionButton, tip } from "@/actions/action-button";
import { ActionMenu } from "@/actions/action-menu";
import { useCopyLink } from "@/actions/copy-link";
import { useActions } from "@/actions/use-actions";
import { isStatus } from "@/api/error";
import { feedbackQuery, relatedQuery } from "@/api/feedback";
import { isSnoozed } from "@/api/filter";
import type { Feedback, FeedbackPatch } from "@/api/types";
import { t, word } from "@/i18n";
import { fullTime, moment, number } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { failedPart } from "@/ui/failed-part";
import { Icon } from "@/ui/icon";
import { part } from "@/ui/part";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { useNow, useZone } from "@/ui/time";
import { MovedLine } from "../shared/moved";
import { severities } from "../shared/vocabulary";
import { FeedbackBody } from "./feedback-body";
import { FeedbackFacts, type OpenMenu } from "./feedback-facts";
import { SuggestionBar } from "./suggestion-bar";
import { confirmation, dismissals, isEmpty, standing } from "./suggestions";
import type { Verbs } from "./verbs";

const joinPart = part(() => import("./join-dialog"));

interface Props {
  id: string;
  /** What the list knows already: shown until the whole is there, so that moving on never waits. */
  row: Feedback | undefined;
  launchId: string;
  place: { at: number; of: number } | undefined;
  /** While rows are selected the keys mean those. */
  selecting: boolean;
  onStep: (by: number) => void;
  onBack: () => void;
  /** Does something after which the report may be on another tab. */
  onAct: (ids: string[], becomes: Partial<Feedback>, run: () => Promise<void>) => void;
  onLater: () => void;
  verbs: Verbs;
}

/** A button that keeps only its drawing where there is no room for its word. */
const narrow = "max-sm:w-10 max-sm:!px-0";

export function FeedbackDetail(p: Props) {
  const { id, row, launchId, place, onStep, onBack, onAct, verbs } = p;
  const { data: whole, error, refetch } = useQuery({ ...feedbackQuery(id), placeholderData: row });
  // While the line is cut, what the list knows is better than nothing.
  const data = whole ?? (isStatus(error, 0) ? row : undefined);
  const related = useQuery(relatedQuery(id)).data;
  const [joining, setJoining] = useState(false);
  const join = joinPart.use(joining, (why) => {
    setJoining(false);
    failedPart(why);
  });
  const [menu, setMenu] = useState<OpenMenu>();

  const open = data && data.state !== "accepted";
  useCopyLink(`/feedback/${id}`);
  const now = useNow();
  const later = data && isSnoozed(data, now);
  const stands = data && standing(data, related);
  const some = stands && !isEmpty(stands);
  const accept = (issueId?: string) =>
    data && onAct([id], { state: "accepted" }, () => verbs.accept(data, issueId));
  const ignore = () => data && onAct([id], { state: "ignored" }, () => verbs.ignore([id]));
  const wake = () => onAct([id], { snoozed_until: undefined }, () => verbs.snooze([id], undefined));
  const correct = (change: FeedbackPatch) => data && void verbs.correct(data, change);
  const spam = (yes: boolean) =>
    data && onAct([id], { state: yes ? "spam" : "new" }, () => verbs.correct(data, { spam: yes }));
  const takeAll = () =>
    data &&
    stands &&
    onAct([id], { state: "accepted" }, () =>
      verbs.takeAll(data, confirmation(stands.fields), stands.issue?.issue.id),
    );
  const dismissAll = () => data && stands && void verbs.dismiss(data, dismissals(stands));
  const alone = () => !p.selecting;
  const canAct = () => Boolean(open) && alone();
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
      id: "item.take-all",
      keys: ["shift+enter"],
      scope: "item",
      label: stands?.issue ? t("action.takeAllInto", { key: stands.issue.issue.key }) : t("action.takeAll"),
      hint: t("hint.takeAll"),
      icon: Sparkles,
      when: () => Boolean(some) && alone(),
      run: takeAll,
    },
    {
      id: "item.dismiss-all",
      scope: "item",
      label: t("action.dismissAll"),
      when: () => Boolean(some) && alone(),
      run: dismissAll,
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
      when: alone,
      run: () => setMenu("severity"),
    },
    {
      id: "item.category",
      keys: ["t"],
      scope: "item",
      label: t("action.category"),
      hint: t("hint.category"),
      when: alone,
      run: () => setMenu("category"),
    },
    {
      id: "item.assign",
      keys: ["a"],
      scope: "item",
      label: t("action.assign"),
      hint: t("hint.assign"),
      when: alone,
      run: () => setMenu("assignee"),
    },
    {
      id: "item.later",
      keys: ["h"],
      scope: "item",
      label: t(later ? "action.wake" : "action.later"),
      hint: t(later ? "hint.wake" : "hint.later"),
      icon: Clock,
      when: () => data?.state === "new" && alone(),
      run: later ? wake : p.onLater,
    },
    // E is "done with this": of what is put off, done with waiting.
    {
      id: "item.ignore",
      keys: ["e"],
      scope: "item",
      label: t(later ? "action.wake" : "action.ignore"),
      hint: later ? undefined : t("hint.ignore"),
      icon: CircleSlash,
      when: () => data?.state === "new" && alone(),
      run: () => (later ? wake() : ignore()),
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
      when: alone,
      run: () => correct({ severity: level }),
    })),
  ]);

  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={9} className="p-6" />;
  return (
    <article aria-label={t("feedback.one", { number: data.number })} className="flex h-full min-h-0 flex-col">
      <header className="flex h-11 flex-none items-center gap-2 border-line border-b pr-3.5 pl-6 max-md:pl-2">
        <IconButton label={t("common.back")} icon={ArrowLeft} className="md:hidden" onClick={onBack} />
        <span className="id text-fg-2">#{data.number}</span>
        {later ? (
          <SnoozeTag until={data.snoozed_until} />
        ) : (
          <Tag tone={data.state === "accepted" ? "ok" : "plain"} className="max-sm:hidden">
            {word("state", data.state)}
          </Tag>
        )}
        <span className="flex-1" />
        {place ? (
          <span className="num text-[12px] whitespace-nowrap text-fg-2 max-lg:hidden">
            {t("feedback.place", { at: number(place.at), of: number(place.of) })}
          </span>
        ) : null}
        <IconButton
          label={t("action.previous")}
          title={tip(t("action.previous"), "k")}
          icon={ChevronUp}
          className="max-sm:hidden"
          disabled={!place || place.at <= 1}
          onClick={() => onStep(-1)}
        />
        <IconButton
          label={t("action.next")}
          title={tip(t("action.next"), "j")}
          icon={ChevronDown}
          className="max-sm:hidden"
          disabled={!place || place.at >= place.of}
          onClick={() => onStep(1)}
        />
        <ActionMenu scope="item" />
        {data.state === "new" ? (
          <ActionButton action="item.later" icon={Clock} className={narrow}>
            <span className="max-sm:sr-only">{t(later ? "feedback.wake" : "feedback.later")}</span>
          </ActionButton>
        ) : null}
        {data.state === "new" ? (
          <ActionButton action="item.ignore" icon={CircleSlash} className="max-sm:hidden">
            {t("feedback.ignore")}
          </ActionButton>
        ) : null}
        {data.state === "spam" ? (
          <Button icon={ShieldCheck} onClick={() => spam(false)}>
            {t("feedback.notSpam")}
          </Button>
        ) : null}
        {open ? (
          <>
            <ActionButton action="item.join" icon={Link2} className={narrow}>
              <span className="max-sm:sr-only">{t("feedback.join")}</span>
            </ActionButton>
            <ActionButton action="item.accept" look="primary" icon={Check}>
              {t("feedback.accept")}
            </ActionButton>
          </>
        ) : null}
      </header>
      <MovedLine id={id} />
      <div className="grid min-h-0 flex-1 content-start overflow-y-auto lg:grid-cols-[minmax(0,1fr)_292px] lg:content-stretch lg:overflow-hidden">
        <FeedbackBody
          feedback={data}
          related={related}
          onJoin={accept}
          verbs={verbs}
          launchId={launchId}
          suggestions={
            <SuggestionBar
              feedback={data}
              standing={stands}
              launchId={launchId}
              onTakeAll={takeAll}
              onTakeIssue={accept}
              onTakeField={(s) => correct({ [s.field]: s.value } as FeedbackPatch)}
              onDismiss={(list) => void verbs.dismiss(data, list)}
            />
          }
        />
        <FeedbackFacts feedback={data} verbs={verbs} menu={menu} onMenu={setMenu} />
      </div>
      {join && joining ? (
        <join.JoinDialog
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

/** Clock and time of what is put off. */
function SnoozeTag({ until = "" }: { until?: string }) {
  const zone = useZone();
  const now = useNow();
  return (
    <Tag title={fullTime(until, zone)}>
      <Icon of={Clock} size={12} />
      <span className="num">{t("feedback.until", { when: moment(until, zone, now) })}</span>
    </Tag>
  );
}
