import { Link } from "@tanstack/react-router";
import type { Issue, Pulse } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Trans, t, word } from "@/i18n";
import { decimal } from "@/i18n/format";
import { Avatar } from "@/ui/avatar";
import { Bar } from "@/ui/bar";
import { cx } from "@/ui/cx";
import { Glyph, stateOfSeverity } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { StageDial } from "@/ui/stage";
import { IssueLink } from "./rows-link";

const columns =
  "grid grid-cols-[14px_52px_minmax(0,1fr)_76px] sm:grid-cols-[14px_52px_minmax(0,1fr)_92px_20px_112px_92px] items-center gap-2.5 px-3";

/** The open issues that come first. The bar is where the clock will be. */
export function IssueRows({ pulse, count }: { pulse: Pulse; count: number }) {
  const launch = useLaunch();
  const reopened = pulse.kpis.find((k) => k.id === "reopened")?.issues ?? [];
  return (
    <Panel
      title={t("centre.issues")}
      note={t("centre.issuesOpen", { count: pulse.totals.issues_open })}
      actions={
        <Link
          to="/launches/$launchId/issues"
          params={{ launchId: launch.id }}
          className="inline-flex min-h-6 items-center font-medium text-accent-text hover:underline"
        >
          {t("centre.allIssues")}
        </Link>
      }
    >
      {pulse.issues.length === 0 ? (
        <p className="border-line border-t px-3 py-3 text-fg-3">{t("centre.noIssues")}</p>
      ) : null}
      <ol>
        {pulse.issues.slice(0, count).map((i, n) => (
          <Row key={i.id} issue={i} index={n} launchId={launch.id} />
        ))}
      </ol>
      {reopened.length ? (
        <p className="flex flex-wrap gap-x-2 border-line border-t px-3 py-1.5 text-dense text-fg-2">
          <span>{t("centre.reopened", { count: reopened.length })}</span>
          {reopened.slice(0, 5).map((r) => (
            <IssueLink key={r.id} issueKey={r.key} title={r.title} />
          ))}
        </p>
      ) : null}
    </Panel>
  );
}

/** A clock is what red is for, so the bar of a priority only grows louder. */
const tone = (priority: number) => (priority >= 60 ? "degraded" : priority >= 30 ? "watch" : "idle");

function Row({ issue: i, index, launchId }: { issue: Issue; index: number; launchId: string }) {
  return (
    <li className={cx("relative h-[31px] border-line border-t text-row hover:bg-hover", columns)}>
      <span title={word("severity.long", i.severity)} className="grid">
        <Glyph state={stateOfSeverity(i.severity)} size={11} />
        <span className="sr-only">{word("severity.long", i.severity)}</span>
      </span>
      <span className="id text-fg-3">{i.key}</span>
      <Link
        to="/launches/$launchId/issues/$issueId"
        params={{ launchId, issueId: i.key }}
        data-centre-row={index}
        className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        {i.title}
      </Link>
      <span className="num truncate text-fg-2 max-sm:hidden">
        {t("issue.reports", { count: i.reach.feedback })}
      </span>
      <span className="max-sm:hidden">
        {i.owner ? (
          <span title={i.owner.name}>
            <Avatar name={i.owner.name} />
            <span className="sr-only">{i.owner.name}</span>
          </span>
        ) : null}
      </span>
      <span className="inline-flex min-w-0 items-center gap-1.5 text-fg-2 max-sm:hidden">
        <span className="text-fg-3">
          <StageDial stage={i.stage} />
        </span>
        <span className="truncate">{word("stage", i.stage)}</span>
      </span>
      <span
        className="inline-flex items-center justify-end gap-2"
        title={t("centre.priorityOf", { value: decimal(i.priority) })}
      >
        <Bar value={i.priority / 100} tone={tone(i.priority)} className="max-sm:w-8" />
        <span className="id min-w-7 text-right text-fg-2">{decimal(i.priority)}</span>
      </span>
    </li>
  );
}

/** The same for the wall: fewer, larger. */
export function WallIssues({ issues }: { issues: Issue[] }) {
  return (
    <ol className="grid gap-1">
      {issues.map((i) => (
        <li
          key={i.id}
          className="grid grid-cols-[28px_120px_minmax(0,1fr)_auto] items-center gap-4 border-line border-t py-2.5 text-[24px] leading-8"
        >
          <Glyph state={stateOfSeverity(i.severity)} size={22} />
          <span className="num text-fg-3">{i.key}</span>
          <span className="truncate font-550">
            <span className="sr-only">{word("severity.long", i.severity)} </span>
            {i.title}
          </span>
          <span className="num text-fg-2">
            <Trans k="issue.reports" values={{ count: i.reach.feedback }} />
          </span>
        </li>
      ))}
    </ol>
  );
}
