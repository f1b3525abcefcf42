import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { issueFeedbackQuery } from "@/api/issues";
import type { Issue } from "@/api/types";
import { t } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { ChannelIcon } from "../feedback/channel-icon";
import { authorOf } from "../feedback/names";

const fewReports = 6;

/** Every report of the issue, in the words of those who sent it; `few` shows the newest and a way to the rest. */
export function IssueFeedback({
  issue,
  launchId,
  few = false,
}: {
  issue: Issue;
  launchId: string;
  few?: boolean;
}) {
  const list = useInfiniteQuery(issueFeedbackQuery(issue.id));
  const all = list.data?.pages.flatMap((p) => p.items) ?? [];
  const items = few ? all.slice(0, fewReports) : all;
  const more = few && issue.reach.feedback > items.length;
  return (
    <section>
      <div className="mb-[5px] flex items-baseline gap-2">
        <h2 className="text-body font-semibold">{t("issue.feedback")}</h2>
        <span className="num text-fg-2">{number(issue.reach.feedback)}</span>
        {more ? (
          <Link
            to="/launches/$launchId/issues/$issueId"
            params={{ launchId, issueId: issue.key }}
            search={{ tab: "reports" }}
            className="link ml-auto font-medium"
          >
            {t("issue.allReports", { count: issue.reach.feedback })}
          </Link>
        ) : null}
      </div>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <Skeleton rows={4} className="!px-0" /> : null}
      {items.length ? (
        <ul className="overflow-hidden rounded-3 border border-line bg-surface">
          {items.map((f) => (
            <li
              key={f.id}
              className="relative grid grid-cols-[132px_minmax(0,1fr)_auto] items-baseline gap-x-3 border-line px-3 py-1.5 text-row not-first:border-t hover:bg-hover max-sm:grid-cols-[minmax(0,1fr)_auto]"
            >
              <span className="truncate text-fg-2">{authorOf(f)}</span>
              <Link
                to="/launches/$launchId/feedback"
                params={{ launchId }}
                search={{ tab: "all", item: f.id }}
                dir="auto"
                className="line-clamp-2 [overflow-wrap:anywhere] after:absolute after:inset-0 max-sm:col-span-2 max-sm:row-start-2"
              >
                {f.snippet || f.title}
              </Link>
              <span className="flex items-center gap-2 text-meta text-fg-3">
                <ChannelIcon channel={f.channel} />
                <Time at={f.occurred_at} />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {list.hasNextPage && !few ? (
        <Button className="mt-2" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("common.more")}
        </Button>
      ) : null}
    </section>
  );
}
