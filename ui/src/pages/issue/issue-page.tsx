import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft, GitMerge, Scissors } from "lucide-react";
import { useState } from "react";
import { useActions } from "@/actions/use-actions";
import { issueQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { LiveDot } from "@/app/live";
import { useTitle } from "@/app/title";
import { Trans, t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { ScrollRegion } from "@/ui/scroll-region";
import { StageBar, StageTag } from "@/ui/stage";
import { Failure, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { MovedLine } from "../shared/moved";
import { EditableTitle } from "./editable-title";
import { IssueFacts } from "./issue-facts";
import { IssueFeedback } from "./issue-feedback";
import { IssueHistory } from "./issue-history";
import { MergeDialog } from "./merge-dialog";
import { SplitDialog } from "./split-dialog";
import { useIssueVerbs } from "./verbs";

export default function IssuePage() {
  const { launchId, issueId } = useParams({ from: "/app/launches/$launchId/issues/$issueId" });
  const { data, error, refetch } = useQuery(issueQuery(issueId));
  useTitle(data ? `${data.key} ${data.title}` : issueId);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={9} />;
  return <Loaded key={data.id} issue={data} launchId={launchId} />;
}

type Open = "merge" | "split" | undefined;

function Loaded({ issue, launchId }: { issue: Issue; launchId: string }) {
  const [open, setOpen] = useState<Open>();
  const [menu, setMenu] = useState<string>();
  const verbs = useIssueVerbs(issue);
  const many = issue.reach.feedback > 1;
  useActions([
    {
      id: "item.merge",
      keys: ["m"],
      scope: "item",
      label: t("action.merge"),
      hint: t("hint.merge"),
      icon: GitMerge,
      run: () => setOpen("merge"),
    },
    {
      id: "item.split",
      scope: "item",
      label: t("action.split"),
      icon: Scissors,
      when: () => many,
      run: () => setOpen("split"),
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
      label: t("action.owner"),
      hint: t("hint.assign"),
      run: () => setMenu("owner"),
    },
  ]);
  return (
    <main className="flex flex-col">
      <header className="flex h-11 flex-none items-center gap-2 border-line border-b pr-3.5 pl-6 max-md:pl-2">
        <Link
          to="/launches/$launchId/issues"
          params={{ launchId }}
          aria-label={t("issue.back")}
          title={t("issue.back")}
          className={buttonClass("ghost", "md", "w-7 !px-0 -ml-2")}
        >
          <Icon of={ArrowLeft} size={15} />
        </Link>
        <span className="id text-fg-2">{issue.key}</span>
        <StageTag stage={issue.stage} />
        <LiveDot />
        <span className="flex-1" />
        {many ? (
          <Button icon={Scissors} onClick={() => setOpen("split")}>
            {t("issue.split")}
          </Button>
        ) : null}
        <Button icon={GitMerge} onClick={() => setOpen("merge")}>
          {t("issue.merge")}
        </Button>
      </header>
      <MovedLine id={issue.id} forget />
      <div className="grid min-h-0 flex-1 content-start overflow-y-auto lg:grid-cols-[minmax(0,1fr)_292px] lg:grid-rows-[minmax(0,1fr)] lg:content-stretch lg:overflow-hidden">
        <ScrollRegion
          label={t("issue.report")}
          className="flex min-w-0 flex-col gap-4 px-6 pt-4 pb-6 outline-none max-md:px-4 lg:overflow-y-auto"
        >
          <Head issue={issue} launchId={launchId} onTitle={(title) => verbs.patch({ title })} />
          <StageBar
            stage={issue.stage}
            enteredAt={issue.stage_entered_at}
            onMove={(stage) => verbs.patch({ stage })}
          />
          {issue.description ? (
            <p className="max-w-[76ch] text-quote whitespace-pre-wrap">{issue.description}</p>
          ) : null}
          <IssueFeedback issue={issue} launchId={launchId} />
          <IssueHistory issue={issue} />
        </ScrollRegion>
        <IssueFacts issue={issue} onPatch={verbs.patch} menu={menu} onMenu={setMenu} />
      </div>
      {open === "merge" ? (
        <MergeDialog issue={issue} launchId={launchId} verbs={verbs} onClose={() => setOpen(undefined)} />
      ) : null}
      {open === "split" ? (
        <SplitDialog issue={issue} verbs={verbs} onClose={() => setOpen(undefined)} />
      ) : null}
    </main>
  );
}

function Head({
  issue,
  launchId,
  onTitle,
}: {
  issue: Issue;
  launchId: string;
  onTitle: (title: string) => void;
}) {
  return (
    <div>
      <EditableTitle title={issue.title} onSave={onTitle} />
      <p className="mt-1.5 flex flex-wrap items-center gap-x-2.5 text-dense text-fg-2">
        <span className="num">{t("issue.reports", { count: issue.reach.feedback })}</span>
        {issue.reach.people ? (
          <span className="sep num">{t("issue.people", { count: issue.reach.people })}</span>
        ) : null}
        {issue.first_received_at ? (
          <span className="sep">
            <Trans k="issue.first" values={{ time: <Time at={issue.first_received_at} /> }} />
          </span>
        ) : null}
        {issue.last_received_at ? (
          <span className="sep">
            <Trans k="issue.last" values={{ time: <Time at={issue.last_received_at} relative /> }} />
          </span>
        ) : null}
      </p>
      {issue.merged_into ? (
        <p className="mt-2 rounded-2 bg-watch-soft px-3 py-2 text-row">
          <Trans
            k="issue.mergedInto"
            values={{
              link: (
                <Link
                  to="/launches/$launchId/issues/$issueId"
                  params={{ launchId, issueId: issue.merged_into.key }}
                  className="link"
                >
                  {issue.merged_into.key}
                </Link>
              ),
            }}
          />
        </p>
      ) : null}
    </div>
  );
}
