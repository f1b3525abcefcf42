import { Link } from "@tanstack/react-router";
import { UserRound } from "lucide-react";
import { memo } from "react";
import type { Issue, IssueBulk } from "@/api/types";
import { t, word } from "@/i18n";
import { decimal, number } from "@/i18n/format";
import { useMoved } from "@/live/moved";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Spark } from "@/ui/spark";
import { StageDial } from "@/ui/stage";
import { Time } from "@/ui/time";
import { MovedWord } from "../shared/moved";
import { IssueMenu, type MenuName } from "./issue-menus";
import { WhyPriority } from "./why-priority";

const columns =
  "grid items-center gap-x-2.5 px-3 grid-cols-[14px_14px_minmax(0,1fr)_48px] md:grid-cols-[16px_14px_52px_minmax(0,1fr)_84px_74px_112px_24px_56px] xl:grid-cols-[16px_14px_52px_minmax(0,1fr)_110px_132px_84px_124px_24px_60px_56px]";

export function IssueRowHead() {
  return (
    <div
      aria-hidden="true"
      className={cx(
        columns,
        "sticky top-0 z-10 h-8 rounded-t-3 bg-surface text-[11px] font-medium text-fg-3 max-md:hidden",
      )}
    >
      <span />
      <span />
      <span />
      <span>{t("issues.colIssue")}</span>
      <span className="max-xl:hidden">{t("facet.area")}</span>
      <span>{t("issues.colReach")}</span>
      <span>{t("issues.colTrend")}</span>
      <span>{t("issues.colStage")}</span>
      <span />
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
  marked: boolean;
  marking: boolean;
  menu: MenuName | undefined;
  onFocus: (index: number) => void;
  onMark: (id: string, range: boolean) => void;
  onMenu: (index: number, menu: MenuName | undefined) => void;
  onChange: (issue: Issue, change: IssueBulk, owner?: { id: string; name: string }) => void;
}

/** One issue. Severity, stage and owner can be changed where they stand. */
export const IssueRow = memo(function IssueRow(props: Props) {
  const { issue, index, launchId, current, marked, marking, onFocus } = props;
  const moved = useMoved(issue.id);
  const left = moved && moved.what !== "changed";
  return (
    <div
      className={cx(
        "group relative min-h-[33px] border-line border-t text-row max-md:py-1.5",
        columns,
        left && "moved-away",
        marked || current ? "bg-selected" : "hover:bg-hover",
        current && "shadow-[inset_2px_0_0_var(--accent)]",
      )}
    >
      <label
        className={cx(
          "relative z-10 -m-1.5 grid size-7 place-items-center",
          marking || marked || current
            ? ""
            : "md:opacity-0 group-hover:opacity-100 focus-within:opacity-100 pointer-coarse:opacity-100",
        )}
      >
        <span className="sr-only">{t("feedback.mark", { title: issue.key })}</span>
        <input
          type="checkbox"
          tabIndex={current ? 0 : -1}
          checked={marked}
          onChange={(e) => props.onMark(issue.id, (e.nativeEvent as MouseEvent).shiftKey)}
          className="size-3.5 accent-accent"
        />
      </label>
      <InPlace {...props} name="severity" label={word("severity.long", issue.severity)}>
        <Glyph state={stateOfSeverity(issue.severity)} size={11} />
      </InPlace>
      <span className="id text-fg-3 max-md:hidden">{issue.key}</span>
      <span className="min-w-0">
        <Link
          to="/launches/$launchId/issues/$issueId"
          params={{ launchId, issueId: issue.key }}
          data-issue-row={index}
          data-list-row=""
          onFocus={() => onFocus(index)}
          className="block truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {left ? (
            <span className="mr-2.5">
              <MovedWord moved={moved} />
            </span>
          ) : null}
          {issue.title}
        </Link>
        <span className="mt-0.5 flex items-center gap-2 text-meta text-fg-3 md:hidden">
          <span className="id">{issue.key}</span>
          <span className="num">{t("issue.reports", { count: issue.reach.feedback })}</span>
          <span className="inline-flex min-w-0 items-center gap-1">
            <StageDial stage={issue.stage} size={10} />
            <span className="truncate">{word("stage", issue.stage)}</span>
          </span>
          {issue.owner ? <Avatar name={issue.owner.name} small /> : null}
        </span>
      </span>
      <span data-user={issue.area ? "" : undefined} className="truncate text-fg-2 max-xl:hidden">
        {issue.area || word("category", issue.category)}
      </span>
      <span className="num truncate text-fg-2 max-md:hidden">
        {t("issue.reports", { count: issue.reach.feedback })}
        {issue.reach.people ? (
          <span className="text-fg-3 max-xl:hidden">
            {" "}
            · {t("issue.people", { count: issue.reach.people })}
          </span>
        ) : null}
      </span>
      <span className="max-md:hidden">
        <Spark
          values={issue.trend}
          label={t("issue.trend", { count: issue.trend.reduce((a, b) => a + b, 0) })}
        />
      </span>
      <span className="min-w-0 max-md:hidden">
        <InPlace {...props} name="stage" label={word("stage", issue.stage)}>
          <span className="text-fg-3">
            <StageDial stage={issue.stage} />
          </span>
          <span className="truncate text-fg-2">{word("stage", issue.stage)}</span>
        </InPlace>
      </span>
      <span className="max-md:hidden">
        <InPlace {...props} name="owner" label={issue.owner?.name ?? t("common.nobody")}>
          {issue.owner ? (
            <Avatar name={issue.owner.name} />
          ) : (
            <span className="grid size-5 place-items-center rounded-full border border-line-strong border-dashed text-fg-3">
              <Icon of={UserRound} size={11} />
            </span>
          )}
        </InPlace>
      </span>
      <span className="text-right text-meta text-fg-3 max-xl:hidden">
        <Time at={issue.last_received_at ?? issue.updated_at} />
      </span>
      <span className="relative z-10 justify-self-end">
        <WhyPriority issue={issue} trigger={<PriorityButton value={issue.priority} />} />
      </span>
    </div>
  );
});

/** A fact that opens its choice. The menu is drawn only while it is open: a long list has many of these. */
function InPlace({
  issue,
  index,
  menu,
  current,
  onMenu,
  onChange,
  name,
  label,
  children,
}: Props & { name: MenuName; label: string; children: React.ReactNode }) {
  const trigger = (
    <button
      type="button"
      tabIndex={current ? 0 : -1}
      title={label}
      aria-haspopup="menu"
      onClick={menu === name ? undefined : () => onMenu(index, name)}
      className="state relative z-10 -mx-1 inline-flex min-h-6 max-w-full min-w-6 items-center justify-start gap-1.5 rounded-1 px-1 hover:bg-muted"
    >
      <span className="sr-only">
        {t("facts.change", { name: t(`facet.${name}`) })} {label}
      </span>
      {children}
    </button>
  );
  if (menu !== name) return trigger;
  return (
    <IssueMenu
      name={name}
      value={name === "owner" ? (issue.owner?.id ?? "") : issue[name]}
      trigger={trigger}
      open
      onOpenChange={(open) => !open && onMenu(index, undefined)}
      onPick={(change, owner) => onChange(issue, change, owner)}
    />
  );
}

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
