import { useQuery } from "@tanstack/react-query";
import { Reply } from "lucide-react";
import { useState } from "react";
import { useActions } from "@/actions/use-actions";
import { causeQuery, issueEvidenceQuery, threadApi } from "@/api/evidence";
import type { Cause, Issue } from "@/api/types";
import { useMe } from "@/app/launch";
import { t, word } from "@/i18n";
import { number, percent } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { ReplyForm } from "../evidence/conversation";
import { EvidenceList } from "../evidence/evidence-list";

/** What brought an issue, how many people met it, and what stands behind its reports. */
export default function BehindIssue({ issue }: { issue: Issue }) {
  const cause = useQuery(causeQuery(issue.id));
  const list = useQuery(issueEvidenceQuery(issue.id));
  const mayWork = useMe().permissions.includes("work_feedback");
  const [writing, setWriting] = useState(false);
  const count = issue.reach.people || issue.reach.feedback;
  useActions([
    {
      id: "issue.reply-all",
      keys: ["r"],
      scope: "item",
      label: t("action.replyAll"),
      hint: t("hint.reply"),
      icon: Reply,
      when: () => mayWork && issue.reach.feedback > 0,
      run: () => setWriting(true),
    },
  ]);
  return (
    <div className="grid grid-cols-1 gap-4">
      {mayWork && issue.reach.feedback > 0 && !writing ? (
        <Button icon={Reply} className="justify-self-start" onClick={() => setWriting(true)}>
          {t("thread.replyAll", { count })}
        </Button>
      ) : null}
      {writing ? (
        <ReplyForm
          label={t("thread.replyAll", { count })}
          note={t("thread.goesAll")}
          send={(text) => threadApi.replyAll(issue.id, { text })}
          keys={[["thread"], ["timeline"]]}
          onDone={() => setWriting(false)}
        />
      ) : null}
      {cause.error ? <Failure error={cause.error} onRetry={() => void cause.refetch()} /> : null}
      {cause.data ? (
        <CausedBy cause={cause.data} />
      ) : cause.isPending ? (
        <Skeleton rows={4} className="!p-0" />
      ) : null}
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.data?.items.length ? (
        <section aria-label={t("evidence.title")} className="grid grid-cols-1 gap-2">
          <h2 className="text-body font-semibold">{t("evidence.title")}</h2>
          <EvidenceList items={list.data.items} />
        </section>
      ) : list.data ? (
        <p className="text-fg-3">{t("evidence.none")}</p>
      ) : null}
    </div>
  );
}

function CausedBy({ cause: c }: { cause: Cause }) {
  return (
    <>
      <Panel
        title={t("cause.title")}
        note={
          <Tag tone={c.label === "unknown" ? "plain" : "accent"}>
            {t(`cause.label.${c.label}`, { release: c.release ?? "" })}
          </Tag>
        }
      >
        <p data-user="" className="px-3 pb-2 text-fg-2">
          {c.sentence}
        </p>
        {c.factors.length ? (
          <ul aria-label={t("cause.factors")}>
            {c.factors.map((f) => (
              <li
                key={f.field + f.value}
                className="grid grid-cols-[104px_minmax(0,1fr)_auto] items-baseline gap-x-3 border-line border-t px-3 py-1.5"
              >
                <span className="text-dense text-fg-3">{word("factor", f.field)}</span>
                <span className="min-w-0">
                  <span data-user="" className="id [overflow-wrap:anywhere]">
                    {f.value}
                  </span>
                  <span data-user="" className="block text-dense text-fg-2">
                    {f.sentence}
                  </span>
                  {f.contradicts.length ? (
                    <span className="block text-meta text-watch">
                      {t("cause.against", { count: f.contradicts.length })}
                    </span>
                  ) : null}
                </span>
                <span className="grid justify-items-end text-meta text-fg-2">
                  <span className="num font-550 text-fg">
                    {t("cause.counts", { in: number(f.in), of: number(f.of) })}
                  </span>
                  {f.base_of ? (
                    <span className="num">
                      {t("cause.base", { percent: percent(f.base_in / f.base_of) })}
                    </span>
                  ) : null}
                </span>
              </li>
            ))}
          </ul>
        ) : (
          <p className="px-3 pb-3 text-fg-3">{t("cause.none")}</p>
        )}
      </Panel>
      <Panel title={t("cause.reach")}>
        <p data-user="" className="px-3 pb-2 text-fg-2">
          {c.reach.sentence}
        </p>
        <dl className="flex flex-wrap gap-x-6 gap-y-1 px-3 pb-3">
          {(
            [
              ["cause.people", number(c.reach.people)],
              ["cause.calls", number(c.reach.calls)],
              ["cause.reported", number(c.reach.reported)],
            ] as const
          ).map(([name, n]) => (
            <div key={name}>
              <dt className="text-meta text-fg-3">{t(name)}</dt>
              <dd className="num text-pane font-semibold">{n}</dd>
            </div>
          ))}
          {c.reach.since ? (
            <div>
              <dt className="text-meta text-fg-3">{t("cause.since")}</dt>
              <dd className="text-pane font-semibold">
                <Time at={c.reach.since} />
              </dd>
            </div>
          ) : null}
        </dl>
      </Panel>
    </>
  );
}
