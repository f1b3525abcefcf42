import type { ReactElement } from "react";
import type { Issue } from "@/api/types";
import { Trans, t } from "@/i18n";
import { decimal } from "@/i18n/format";
import { Popover } from "@/ui/popover";

/** The sum behind the number, line by line. */
export function PrioritySum({ issue }: { issue: Issue }) {
  return (
    <div className="grid gap-2">
      <p className="num text-dense">
        <Trans
          k="issue.sum"
          values={{
            impact: <strong className="font-semibold">{decimal(issue.impact)}</strong>,
            urgency: <strong className="font-semibold">{issue.urgency}</strong>,
            priority: <strong className="font-semibold">{decimal(issue.priority)}</strong>,
          }}
        />
      </p>
      <dl className="grid grid-cols-[minmax(0,1fr)_auto] text-dense">
        {/* The line of the whole is the sentence above. */}
        {issue.priority_reason
          .filter((line) => line.part !== "priority")
          .map((line) => (
            <div key={line.part + line.label} className="contents">
              <dt className="border-line border-t py-1 text-fg-2">
                {line.label}
                {line.value && !line.label.includes(line.value) ? (
                  <span className="block text-meta text-fg-3">{line.value}</span>
                ) : null}
              </dt>
              <dd className="num border-line border-t py-1 text-right">{decimal(line.effect, 2)}</dd>
            </div>
          ))}
      </dl>
    </div>
  );
}

export function WhyPriority({ issue, trigger }: { issue: Issue; trigger: ReactElement }) {
  return (
    <Popover trigger={trigger} title={t("issue.why")}>
      <div className="overflow-auto p-3">
        <p className="mb-2 text-body font-semibold">{t("issue.why")}</p>
        <PrioritySum issue={issue} />
      </div>
    </Popover>
  );
}
