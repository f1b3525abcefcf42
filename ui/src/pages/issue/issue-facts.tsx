import { useQuery } from "@tanstack/react-query";
import { stages } from "@/api/issue-filter";
import { issueReportersQuery } from "@/api/issues";
import type { Issue, IssuePatch } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { decimal, number } from "@/i18n/format";
import { Glyph, Severity, stateOfSeverity } from "@/ui/glyph";
import { Fact, Facts } from "@/ui/panel";
import { Spark } from "@/ui/spark";
import { StageDial } from "@/ui/stage";
import { Time } from "@/ui/time";
import { Group, Person } from "../feedback/feedback-facts";
import { PrioritySum } from "../issues/why-priority";
import { EditText, PickFact } from "../shared/edit-fact";
import { categories, severities } from "../shared/vocabulary";

interface Props {
  issue: Issue;
  onPatch: (change: IssuePatch) => void;
  menu: string | undefined;
  onMenu: (menu: string | undefined) => void;
}

export function IssueFacts({ issue, onPatch, menu, onMenu }: Props) {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  const control = (name: string) => ({
    name: t(`facet.${name}` as "facet.severity"),
    open: menu === name,
    onOpenChange: (open: boolean) => onMenu(open ? name : undefined),
  });
  return (
    <aside
      aria-label={t("facts.title")}
      className="min-w-0 border-line max-lg:border-t lg:overflow-y-auto lg:border-l"
    >
      <Group title={t("issue.priority")} note={t("issue.why")}>
        <p className="num mb-1 text-[22px] leading-[26px] font-550 tracking-[-0.02em]">
          {decimal(issue.priority)}
        </p>
        <PrioritySum issue={issue} />
      </Group>
      <Group title={t("facts.title")}>
        <Facts>
          <Fact name={t("facet.severity")}>
            <PickFact
              {...control("severity")}
              shown={<Severity level={issue.severity} />}
              value={issue.severity}
              onPick={(severity) => onPatch({ severity })}
              options={severities.map((s) => ({
                value: s,
                label: (
                  <>
                    <Glyph state={stateOfSeverity(s)} />
                    {word("severity.long", s)}
                  </>
                ),
              }))}
            />
          </Fact>
          {issue.suggested_severity ? (
            <SuggestedSeverity
              suggestion={issue.suggested_severity}
              onTake={(severity) => onPatch({ severity })}
            />
          ) : null}
          <Fact name={t("facet.urgency")}>
            <PickFact
              {...control("urgency")}
              shown={t("issue.urgencyOf", { value: issue.urgency })}
              value={String(issue.urgency)}
              onPick={(v) => onPatch({ urgency: Number(v) })}
              options={["1", "2", "3", "4", "5"].map((v) => ({ value: v, label: word("urgency", v) }))}
            />
          </Fact>
          <Fact name={t("facet.stage")}>
            <PickFact
              {...control("stage")}
              shown={
                <span className="inline-flex items-center gap-1.5">
                  <StageDial stage={issue.stage} />
                  {word("stage", issue.stage)}
                </span>
              }
              value={issue.stage}
              onPick={(stage) => onPatch({ stage: stage as Issue["stage"] })}
              options={stages.map((s) => ({ value: s, label: word("stage", s) }))}
            />
          </Fact>
          <Fact name={t("facet.category")}>
            <PickFact
              {...control("category")}
              shown={word("category", issue.category)}
              value={issue.category}
              onPick={(category) => onPatch({ category })}
              options={categories.map((c) => ({ value: c, label: word("category", c) }))}
            />
          </Fact>
          <Fact name={t("facet.area")}>
            <EditText name={t("facet.area")} value={issue.area} onSave={(area) => onPatch({ area })} />
          </Fact>
          <Fact name={t("facet.owner")}>
            <PickFact
              {...control("owner")}
              shown={
                issue.owner ? (
                  <Person name={issue.owner.name} />
                ) : (
                  <span className="text-fg-3">{t("common.nobody")}</span>
                )
              }
              value={issue.owner?.id ?? ""}
              onPick={(owner_id) => onPatch({ owner_id })}
              options={[
                { value: "", label: t("common.nobody") },
                ...people.map((p) => ({ value: p.id, label: <Person name={p.name} /> })),
              ]}
            />
          </Fact>
          <Fact name={t("facet.tag")}>
            <EditText
              name={t("facet.tag")}
              value={issue.tags.join(", ")}
              onSave={(text) =>
                onPatch({
                  tags: text
                    .split(",")
                    .map((x) => x.trim())
                    .filter(Boolean),
                })
              }
            />
          </Fact>
        </Facts>
      </Group>
      <Reach issue={issue} />
      <Reporters issue={issue} />
    </aside>
  );
}

/** Its reports read as worse than the issue says: a chip takes that over, nothing else does. */
function SuggestedSeverity({
  suggestion,
  onTake,
}: {
  suggestion: NonNullable<Issue["suggested_severity"]>;
  onTake: (level: Issue["severity"]) => void;
}) {
  return (
    <div className="col-start-2 mb-1 grid justify-items-start gap-0.5">
      <button
        type="button"
        className="suggested state inline-flex min-h-6 items-center gap-1.5 rounded-1 px-1.5 text-meta hover:bg-hover"
        onClick={() => onTake(suggestion.level)}
      >
        {t("issue.takeSeverity")} <Severity level={suggestion.level} />
      </button>
      <span className="text-meta text-fg-3">{suggestion.reason}</span>
    </div>
  );
}

function Reach({ issue }: { issue: Issue }) {
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
        {issue.reach.segments.slice(0, 4).map((seg) => (
          <Fact key={seg.name} name={seg.name}>
            {number(seg.count)}
          </Fact>
        ))}
      </Facts>
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

function Reporters({ issue }: { issue: Issue }) {
  const { data = [] } = useQuery(issueReportersQuery(issue.id));
  if (data.length === 0) return null;
  return (
    <Group title={t("issue.reporters")} note={number(data.length)}>
      <ul>
        {data.slice(0, fewPeople).map((r) => (
          <li key={r.person_id || r.email || r.name} className="flex h-6 items-center gap-[7px] text-dense">
            <span className="min-w-0 truncate">{r.name || r.email || t("feedback.anonymous")}</span>
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
      {data.length > fewPeople ? (
        <p className="text-meta text-fg-3">{t("issue.morePeople", { count: data.length - fewPeople })}</p>
      ) : null}
    </Group>
  );
}
