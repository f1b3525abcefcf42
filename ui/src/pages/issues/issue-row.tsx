import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Issue } from "@/api/types";
import { t, word } from "@/i18n";
import { decimal, number } from "@/i18n/format";
import { useMoved } from "@/live/moved";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Spark } from "@/ui/spark";
import { StageDial } from "@/ui/stage";
import { Time } from "@/ui/time";
import { MovedWord } from "../shared/moved";
import { WhyPriority } from "./why-priority";

const columns =
  "grid items-center gap-x-2.5 px-3 grid-cols-[14px_52px_minmax(0,1fr)_64px] md:grid-cols-[14px_52px_minmax(0,1fr)_92px_74px_128px_28px_64px] xl:grid-cols-[14px_52px_minmax(0,1fr)_110px_100px_84px_128px_28px_60px_64px]";

export function IssueRowHead() {
  return (
    <div aria-hidden="true" className={cx(columns, "h-8 text-[11px] font-medium text-fg-3")}>
      <span />
      <span />
      <span>{t("issues.colIssue")}</span>
      <span className="max-xl:hidden">{t("facet.area")}</span>
      <span className="max-md:hidden">{t("issues.colReach")}</span>
      <span className="max-md:hidden">{t("issues.colTrend")}</span>
      <span className="max-md:hidden">{t("issues.colStage")}</span>
      <span className="max-md:hidden" />
      <span className="max-xl:hidden text-right">{t("issues.colLast")}</span>
      <span className="text-right">{t("issues.colPriority")}</span>
    </div>
  );
}

interface Props {
  issue: Issue;
  index: number;
  launchId: string;
  current: boolean;
  onFocus: (index: number) => void;
}

export const IssueRow = memo(function IssueRow({ issue, index, launchId, current, onFocus }: Props) {
  const moved = useMoved(issue.id);
  const left = moved && moved.what !== "changed";
  return (
    <li
      className={cx(
        "relative h-[33px] border-line border-t text-row",
        columns,
        left && "moved-away",
        current ? "bg-selected" : "hover:bg-hover",
      )}
    >
      <span title={word("severity.long", issue.severity)} className="grid">
        <Glyph state={stateOfSeverity(issue.severity)} size={11} />
        <span className="sr-only">{word("severity.long", issue.severity)}</span>
      </span>
      <span className="id text-fg-3">{issue.key}</span>
      <Link
        to="/launches/$launchId/issues/$issueId"
        params={{ launchId, issueId: issue.key }}
        data-issue-row={index}
        data-list-row=""
        onFocus={() => onFocus(index)}
        className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        {left ? (
          <span className="mr-2.5">
            <MovedWord moved={moved} />
          </span>
        ) : null}
        {issue.title}
      </Link>
      <span className="truncate text-fg-2 max-xl:hidden">
        {issue.area || word("category", issue.category)}
      </span>
      <span className="num text-fg-2 max-md:hidden" title={t("issue.people", { count: issue.reach.people })}>
        {t("issue.reports", { count: issue.reach.feedback })}
      </span>
      <span className="max-md:hidden">
        <Spark
          values={issue.trend}
          label={t("issue.trend", { count: issue.trend.reduce((a, b) => a + b, 0) })}
        />
      </span>
      <span className="inline-flex min-w-0 items-center gap-1.5 text-fg-2 max-md:hidden">
        <span className="text-fg-3">
          <StageDial stage={issue.stage} />
        </span>
        <span className="truncate">{word("stage", issue.stage)}</span>
      </span>
      <span className="max-md:hidden">
        {issue.owner ? (
          <span title={issue.owner.name}>
            <Avatar name={issue.owner.name} />
            <span className="sr-only">{issue.owner.name}</span>
          </span>
        ) : null}
      </span>
      <span className="text-right text-meta text-fg-3 max-xl:hidden">
        <Time at={issue.last_received_at ?? issue.updated_at} />
      </span>
      <span className="relative z-10 justify-self-end">
        <WhyPriority issue={issue} trigger={<PriorityButton value={issue.priority} />} />
      </span>
    </li>
  );
});

const PriorityButton = ({ value, ...rest }: { value: number } & React.ComponentProps<"button">) => (
  <button
    type="button"
    {...rest}
    aria-label={t("issue.priorityOf", { value: decimal(value) })}
    title={t("issue.why")}
    className="num inline-flex min-h-6 min-w-10 items-center justify-end rounded-1 px-1.5 font-550 underline decoration-dotted decoration-control underline-offset-3 hover:bg-muted"
  >
    {number(Math.round(value * 10) / 10)}
  </button>
);
