import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCopyLink } from "@/actions/copy-link";
import { type IssueTab, issueTabs } from "@/api/issue-filter";
import { issueListQuery, issueQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { useTitle } from "@/app/title";
import { Trans, t } from "@/i18n";
import { number } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { ScrollRegion } from "@/ui/scroll-region";
import { StageBar } from "@/ui/stage";
import { Failure, Skeleton } from "@/ui/states";
import { TimeButton } from "@/ui/time";
import { BehindIssue } from "../evidence/parts";
import { placeIn, trailOf } from "../issues/trail";
import { Composer } from "../shared/composer";
import { MovedLine } from "../shared/moved";
import { Timeline } from "../shared/timeline";
import { EditableDescription } from "./editable-description";
import { EditableTitle } from "./editable-title";
import { IssueFacts } from "./issue-facts";
import { IssueFeedback } from "./issue-feedback";
import { IssueHeader } from "./issue-header";
import { LinkDialog } from "./link-dialog";
import { MergeDialog } from "./merge-dialog";
import { SplitDialog } from "./split-dialog";
import { nextStage } from "./stages";
import { useIssueActions } from "./use-issue-actions";
import { useIssueVerbs } from "./verbs";

const route = getRouteApi("/app/launches/$launchId/issues/$issueId");

export default function IssuePage() {
  const { launchId, issueId } = route.useParams();
  const { data, error, refetch } = useQuery(issueQuery(issueId));
  useTitle(data ? `${data.key} ${data.title}` : issueId);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={9} />;
  return <Loaded key={data.id} issue={data} launchId={launchId} />;
}

type Open = "merge" | "split" | "link" | undefined;

/** The place of an issue in the list it was opened from; of a link from outside, in the list by priority. */
function usePlace(launchId: string, key: string) {
  const trail = trailOf(launchId);
  const known = trail?.keys.includes(key);
  const list = useInfiniteQuery({ ...issueListQuery(launchId, {}), enabled: !known });
  const all = list.data?.pages.flatMap((p) => p.items.map((i) => i.key)) ?? [];
  const place =
    known && trail
      ? placeIn(trail.keys, key, trail.total)
      : placeIn(all, key, list.data?.pages[0]?.total ?? 0);
  return { trail, place };
}

function Loaded({ issue, launchId }: { issue: Issue; launchId: string }) {
  const [open, setOpen] = useState<Open>();
  const [menu, setMenu] = useState<string>();
  const verbs = useIssueVerbs(issue);
  const navigate = route.useNavigate();
  const { tab = "overview" } = route.useSearch();
  const { trail, place } = usePlace(launchId, issue.key);
  const next = issue.merged_into ? undefined : nextStage(issue.stage);
  const goNext = () => next && void verbs.patch({ stage: next });
  const toTab = (to: IssueTab) =>
    void navigate({ search: to === "overview" ? {} : { tab: to }, replace: true });
  const step = (key: string | undefined) =>
    key && void navigate({ params: { launchId, issueId: key }, search: (s) => s });
  const merge = async (into: Issue) => {
    const stays = await verbs.merge(into);
    if (stays) void navigate({ params: { launchId, issueId: stays.key }, search: {} });
  };
  const close = () => setOpen(undefined);
  const about = { kind: "issue", id: issue.id } as const;
  useCopyLink(`/issues/${issue.key}`);
  useIssueActions({
    issue,
    verbs,
    next,
    onNext: goNext,
    tab,
    onTab: toTab,
    onMenu: setMenu,
    onOpen: setOpen,
    place,
    onStep: step,
  });
  return (
    <main className="flex flex-col">
      <IssueHeader
        issue={issue}
        launchId={launchId}
        trail={trail}
        place={place}
        next={next}
        onNext={goNext}
      />
      <MovedLine id={issue.id} forget />
      <div className="grid min-h-0 flex-1 content-start overflow-y-auto lg:grid-cols-[minmax(0,1fr)_292px] lg:grid-rows-[minmax(0,1fr)] lg:content-stretch lg:overflow-hidden">
        <div className="flex min-w-0 flex-col lg:min-h-0">
          <ScrollRegion
            label={t("issue.report")}
            className="flex min-w-0 flex-1 flex-col gap-4 px-6 pt-4 pb-4 *:flex-none max-md:px-4 lg:overflow-y-auto"
          >
            <Head issue={issue} launchId={launchId} onTitle={(title) => verbs.patch({ title })} />
            <StageBar
              stage={issue.stage}
              visits={issue.stages ?? []}
              onMove={(stage) => verbs.patch({ stage })}
            />
            <Tabs issue={issue} launchId={launchId} tab={tab} />
            {tab === "overview" ? (
              <>
                <EditableDescription
                  text={issue.description}
                  onSave={(description) => verbs.patch({ description })}
                />
                <IssueFeedback issue={issue} launchId={launchId} few />
                <Timeline of={about} launchId={launchId} level={2} />
              </>
            ) : null}
            {tab === "evidence" ? <BehindIssue issue={issue} /> : null}
            {tab === "reports" ? <IssueFeedback issue={issue} launchId={launchId} /> : null}
            {tab === "timeline" ? <Timeline of={about} launchId={launchId} level={2} /> : null}
          </ScrollRegion>
          {tab === "reports" ? null : <Composer of={about} launchId={launchId} />}
        </div>
        <IssueFacts
          issue={issue}
          launchId={launchId}
          onPatch={verbs.patch}
          onLink={() => setOpen("link")}
          onUnlink={verbs.unlink}
          menu={menu}
          onMenu={setMenu}
        />
      </div>
      {open === "merge" ? (
        <MergeDialog issues={[issue]} launchId={launchId} onMerge={(i) => void merge(i)} onClose={close} />
      ) : null}
      {open === "split" ? <SplitDialog issue={issue} verbs={verbs} onClose={close} /> : null}
      {open === "link" ? (
        <LinkDialog
          issue={issue}
          launchId={launchId}
          onLink={(to, kind) => void verbs.link(to, kind)}
          onClose={close}
        />
      ) : null}
    </main>
  );
}

function Tabs({ issue, launchId, tab }: { issue: Issue; launchId: string; tab: IssueTab }) {
  return (
    <nav
      aria-label={t("issue.tabs")}
      className="-mb-1 flex flex-none gap-[18px] overflow-x-auto border-line border-b text-row"
    >
      {issueTabs.map((name) => (
        <Link
          key={name}
          to="/launches/$launchId/issues/$issueId"
          params={{ launchId, issueId: issue.key }}
          search={name === "overview" ? {} : { tab: name }}
          replace
          activeOptions={{ includeSearch: false }}
          aria-current={name === tab ? "true" : undefined}
          className={cx(
            "-mb-px inline-flex min-h-8 items-center gap-[5px] border-b-2 whitespace-nowrap",
            name === tab
              ? "border-fg font-semibold text-fg"
              : "border-transparent font-medium text-fg-2 hover:text-fg",
          )}
        >
          {t(`issueTab.${name}`)}
          {name === "reports" ? (
            <span className="num text-[11px] font-medium text-fg-3">{number(issue.reach.feedback)}</span>
          ) : null}
        </Link>
      ))}
    </nav>
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
            <Trans k="issue.first" values={{ time: <TimeButton at={issue.first_received_at} /> }} />
          </span>
        ) : null}
        {issue.last_received_at ? (
          <span className="sep">
            <Trans k="issue.last" values={{ time: <TimeButton at={issue.last_received_at} relative /> }} />
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
