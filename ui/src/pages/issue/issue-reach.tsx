import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { issueReportersQuery } from "@/api/issues";
import type { Issue, Reporter } from "@/api/types";
import { Trans, t } from "@/i18n";
import { number } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Fact, Facts } from "@/ui/panel";
import { Spark } from "@/ui/spark";
import { Time } from "@/ui/time";
import { Group } from "../feedback/feedback-facts";

/** How far it reaches: people, reports, the segments they belong to, and their mood. */
export function Reach({ issue }: { issue: Issue }) {
  const s = issue.sentiment;
  const total = s.negative + s.neutral + s.positive || 1;
  const parts = [
    { id: "negative", n: s.negative, fill: "bg-degraded-fill" },
    { id: "neutral", n: s.neutral, fill: "bg-idle-fill" },
    { id: "positive", n: s.positive, fill: "bg-ok-fill" },
  ];
  return (
    <Group
      title={t("issue.reach")}
      note={
        <Spark
          values={issue.trend}
          label={t("issue.trend", { count: issue.trend.reduce((a, b) => a + b, 0) })}
        />
      }
    >
      <Facts>
        <Fact name={t("issue.reachPeople")}>{number(issue.reach.people)}</Fact>
        <Fact name={t("issue.reachReports")}>{number(issue.reach.feedback)}</Fact>
      </Facts>
      {issue.reach.segments.length ? (
        <ul aria-label={t("issue.segments")} className="mt-1">
          {issue.reach.segments.slice(0, 5).map((seg) => (
            <li key={seg.name} className="flex min-h-6 items-center gap-2 text-dense">
              <span className="min-w-0 flex-1 truncate text-fg-2" title={seg.name}>
                {seg.name.replace("=", ": ")}
              </span>
              <Bar value={seg.count / (issue.reach.people || 1)} className="!w-10" />
              <span className="num w-8 text-right">{number(seg.count)}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <div aria-hidden="true" className="mt-2 flex h-[5px] gap-px overflow-hidden rounded-[3px]">
        {parts.map((p) => (
          <span key={p.id} className={`bar-fill ${p.fill}`} style={{ width: `${(p.n / total) * 100}%` }} />
        ))}
      </div>
      <p className="num mt-1 text-meta text-fg-3">
        {t("issue.mood", { negative: s.negative, neutral: s.neutral, positive: s.positive })}
      </p>
    </Group>
  );
}

const fewPeople = 8;

/** Who reported it; those that came by a merger say from which issue. */
export function Reporters({ issue, launchId }: { issue: Issue; launchId: string }) {
  const { data = [] } = useQuery(issueReportersQuery(issue.id));
  if (data.length === 0) return null;
  return (
    <Group title={t("issue.reporters")} note={number(issue.reach.people)}>
      <ul>
        {data.slice(0, fewPeople).map((r) => (
          <li
            key={r.person_id || r.email || r.name}
            className="flex min-h-6 items-center gap-[7px] text-dense"
          >
            <span className="grid min-w-0">
              {r.person_id ? (
                <Link to="/people/$personId" params={{ personId: r.person_id }} className="link truncate">
                  {r.name || r.email || t("feedback.anonymous")}
                </Link>
              ) : (
                <span className="truncate">{r.name || r.email || t("feedback.anonymous")}</span>
              )}
              {r.merged_from?.length ? <CameFrom reporter={r} launchId={launchId} /> : null}
            </span>
            <span className="num ml-auto flex-none text-meta text-fg-3">
              {r.reports > 1 ? (
                t("issue.reports", { count: r.reports })
              ) : r.last_received_at ? (
                <Time at={r.last_received_at} />
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      {issue.reach.people > fewPeople ? (
        <p className="text-meta text-fg-3">
          {t("issue.morePeople", { count: issue.reach.people - fewPeople })}
        </p>
      ) : null}
      {issue.reach.unnamed ? (
        <p className="text-meta text-fg-3">{t("issue.unnamed", { count: issue.reach.unnamed })}</p>
      ) : null}
    </Group>
  );
}

function CameFrom({ reporter, launchId }: { reporter: Reporter; launchId: string }) {
  return (
    <span className="text-meta text-fg-3">
      <Trans
        k="issue.mergedFrom"
        values={{
          keys: reporter.merged_from?.map((ref, i) => (
            <span key={ref.id}>
              {i ? ", " : ""}
              <Link
                to="/launches/$launchId/issues/$issueId"
                params={{ launchId, issueId: ref.key }}
                className="link"
              >
                {ref.key}
              </Link>
            </span>
          )),
        }}
      />
    </span>
  );
}
