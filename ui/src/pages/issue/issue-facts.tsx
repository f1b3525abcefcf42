import { useQuery } from "@tanstack/react-query";
import { ChevronRight, X } from "lucide-react";
import { useState } from "react";
import { stages } from "@/api/issue-filter";
import type { Issue, IssueLink, IssuePatch } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { decimal } from "@/i18n/format";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Glyph, Severity, stateOfSeverity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Fact, Facts } from "@/ui/panel";
import { StageDial } from "@/ui/stage";
import { Time } from "@/ui/time";
import { Group, Person } from "../feedback/feedback-facts";
import { PrioritySum } from "../issues/why-priority";
import { EditText, PickFact } from "../shared/edit-fact";
import { categories, severities } from "../shared/vocabulary";
import { IssueLinks } from "./issue-links";
import { Reach, Reporters } from "./issue-reach";

interface Props {
  issue: Issue;
  launchId: string;
  onPatch: (change: IssuePatch, said?: string) => void;
  onLink: () => void;
  onUnlink: (link: IssueLink) => void;
  menu: string | undefined;
  onMenu: (menu: string | undefined) => void;
}

export function IssueFacts({ issue, launchId, onPatch, onLink, onUnlink, menu, onMenu }: Props) {
  return (
    <aside
      aria-label={t("facts.title")}
      className="min-w-0 border-line max-lg:border-t lg:overflow-y-auto lg:border-l"
    >
      <Priority issue={issue} />
      <Group title={t("facts.title")}>
        <Decided issue={issue} onPatch={onPatch} menu={menu} onMenu={onMenu} />
      </Group>
      <IssueLinks issue={issue} launchId={launchId} onLink={onLink} onUnlink={onUnlink} />
      <Reach issue={issue} />
      <Reporters issue={issue} launchId={launchId} />
    </aside>
  );
}

/** The figure large, as a clock would be; the sum behind it on request. */
function Priority({ issue }: { issue: Issue }) {
  const [open, setOpen] = useState(false);
  return (
    <Group
      title={t("issue.priority")}
      note={t("issue.impactUrgency", { impact: decimal(issue.impact), urgency: issue.urgency })}
    >
      <div className="flex items-center justify-between">
        <p className="num text-[22px] leading-[26px] font-550 tracking-[-0.02em]">
          {decimal(issue.priority)}
        </p>
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="state -mr-1.5 inline-flex min-h-6 items-center gap-1 rounded-1 px-1.5 text-dense text-fg-2 hover:bg-hover pointer-coarse:min-h-10"
        >
          {t("issue.whyShort")}
          <Icon of={ChevronRight} size={12} className={cx("text-fg-3", open && "rotate-90")} />
        </button>
      </div>
      {open ? (
        <div className="appear mt-1.5">
          <PrioritySum issue={issue} />
        </div>
      ) : null}
    </Group>
  );
}

function Decided({ issue, onPatch, menu, onMenu }: Pick<Props, "issue" | "onPatch" | "menu" | "onMenu">) {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  const control = (name: string) => ({
    name: t(`facet.${name}` as "facet.severity"),
    open: menu === name,
    onOpenChange: (open: boolean) => onMenu(open ? name : undefined),
  });
  return (
    <Facts>
      <Fact name={t("facet.severity")}>
        <PickFact
          {...control("severity")}
          shown={<Severity level={issue.severity} />}
          value={issue.severity}
          onPick={(severity) => onPatch({ severity })}
          options={severities.map((s, i) => ({
            value: s,
            keys: String(i + 1),
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
          onDismiss={(level) =>
            onPatch(
              { dismissed_severity: level },
              t("toast.dismissed", { severity: word("severity", level) }),
            )
          }
        />
      ) : null}
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
      <Fact name={t("facet.urgency")}>
        <PickFact
          {...control("urgency")}
          shown={t("issue.urgencyOf", { value: issue.urgency })}
          value={String(issue.urgency)}
          onPick={(v) => onPatch({ urgency: Number(v) })}
          options={["1", "2", "3", "4", "5"].map((v) => ({ value: v, label: word("urgency", v) }))}
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
      {issue.first_received_at ? (
        <Fact name={t("issue.firstReport")}>
          <Time at={issue.first_received_at} />
        </Fact>
      ) : null}
      {issue.last_received_at ? (
        <Fact name={t("issue.lastReport")}>
          <Time at={issue.last_received_at} relative />
        </Fact>
      ) : null}
    </Facts>
  );
}

/** Its reports read as worse than the issue says: a chip takes that over, a cross says no to it. */
function SuggestedSeverity({
  suggestion,
  onTake,
  onDismiss,
}: {
  suggestion: NonNullable<Issue["suggested_severity"]>;
  onTake: (level: Issue["severity"]) => void;
  onDismiss: (level: NonNullable<Issue["suggested_severity"]>["level"]) => void;
}) {
  return (
    <div className="col-start-2 mb-1 grid justify-items-start gap-0.5">
      <span className="flex items-center gap-1">
        <button
          type="button"
          className="suggested state inline-flex min-h-6 items-center gap-1.5 rounded-1 px-1.5 text-meta hover:bg-hover"
          onClick={() => onTake(suggestion.level)}
        >
          {t("issue.takeSeverity")} <Severity level={suggestion.level} />
        </button>
        <IconButton
          label={t("issue.dismissSeverity", { severity: word("severity", suggestion.level) })}
          icon={X}
          size={12}
          className="!h-6 !w-6"
          onClick={() => onDismiss(suggestion.level)}
        />
      </span>
      <span className="text-meta text-fg-3">{suggestion.reason}</span>
    </div>
  );
}
