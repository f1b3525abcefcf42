import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useActions } from "@/actions/use-actions";
import { issueListQuery } from "@/api/issues";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { useNewsRead } from "@/live/news";
import { Button, buttonClass } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { NewsPill } from "../shared/news-pill";
import { IssueFilterBar } from "./issue-filter-bar";
import { IssueRow, IssueRowHead } from "./issue-row";
import { Proposals } from "./proposals";

const route = getRouteApi("/app/launches/$launchId/issues");

/** Every issue by priority, and on top what untriaged reports would make. */
export default function IssueList() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery({
    ...issueListQuery(launch.id, search),
    // Rows never move under the hands: only the reader asks for new ones.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  useNewsRead("issue-list", launch.id, list.isFetching && !list.isFetchingNextPage);
  const items = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const [cursor, setCursor] = useState(-1);
  const filtered = Object.keys(search).length > 0;
  const go = (issueId: string) =>
    void navigate({ to: "/launches/$launchId/issues/$issueId", params: { launchId: launch.id, issueId } });
  const step = (by: number) => {
    const next = Math.min(items.length - 1, Math.max(0, cursor + by));
    setCursor(next);
    document.querySelector<HTMLElement>(`[data-issue-row="${next}"]`)?.focus();
  };
  useActions([
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      when: () => items.length > 0,
      keysOnly: true,
      run: () => step(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      when: () => items.length > 0,
      keysOnly: true,
      run: () => step(-1),
    },
    {
      id: "list.open",
      keys: ["enter"],
      scope: "list",
      label: t("action.openIssue"),
      hint: t("hint.open"),
      when: () => items[cursor] !== undefined,
      keysOnly: true,
      run: () => go(items[cursor]?.key ?? ""),
    },
  ]);

  return (
    <Page
      title={t("nav.issues")}
      note={first ? t("issues.note", { count: first.total ?? items.length }) : null}
    >
      <Proposals launchId={launch.id} />
      <IssueFilterBar
        launchId={launch.id}
        search={search}
        facets={first?.facets}
        onChange={(next) => void navigate({ search: next, replace: true })}
      />
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <Skeleton rows={8} /> : null}
      {first && items.length === 0 ? (
        filtered ? (
          <Empty
            title={t("issues.noneFiltered")}
            action={<Button onClick={() => void navigate({ search: {} })}>{t("filter.clear")}</Button>}
          />
        ) : (
          <Empty
            title={t("issues.none")}
            action={
              <Link
                to="/launches/$launchId/feedback"
                params={{ launchId: launch.id }}
                className={buttonClass("primary")}
              >
                {t("issues.noneDo")}
              </Link>
            }
          >
            <p>{t("issues.noneText")}</p>
          </Empty>
        )
      ) : null}
      {items.length ? (
        <Panel className="relative">
          <NewsPill list="issue-list" launchId={launch.id} onShow={() => void list.refetch()} />
          <IssueRowHead />
          <ol>
            {items.map((issue, i) => (
              <IssueRow
                key={issue.id}
                issue={issue}
                index={i}
                launchId={launch.id}
                current={i === cursor}
                onFocus={setCursor}
              />
            ))}
          </ol>
        </Panel>
      ) : null}
      {list.hasNextPage ? (
        <Button
          className="self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
    </Page>
  );
}
