import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useCopyLink } from "@/actions/copy-link";
import {
  type IssueFilter,
  type IssueGroup,
  type IssueSort,
  issueFacets,
  issueGroups,
  issueSorts,
} from "@/api/issue-filter";
import type { Issue, IssueBulk } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { issueSearch } from "@/app/search";
import { t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Checkbox, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { useMarks } from "../feedback/use-marks";
import { MergeDialog } from "../issue/merge-dialog";
import { NewsPill } from "../shared/news-pill";
import { ViewsMenu } from "../shared/views-menu";
import { IssueBulkBar, mostMarked } from "./issue-bulk-bar";
import { IssueFilterBar } from "./issue-filter-bar";
import type { MenuName } from "./issue-menus";
import { IssueRows } from "./issue-rows";
import { NewIssueDialog } from "./new-issue-dialog";
import { Proposals } from "./proposals";
import { leaveTrail } from "./trail";
import { useIssueBulk } from "./use-issue-bulk";
import { useIssueLines } from "./use-issue-lines";
import { useListActions } from "./use-list-actions";

const route = getRouteApi("/app/launches/$launchId/issues");

/** Every issue by priority, and on top what untriaged reports would make. */
export default function IssueList() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: IssueFilter) => {
    marks.clear();
    setCursor(-1);
    void navigate({ search: next, replace: true });
  };
  const list = useIssueLines(launch.id, search, change);
  const { items } = list;
  const marks = useMarks(items);
  const bulk = useIssueBulk(launch.id);
  const [cursor, setCursor] = useState(-1);
  const [menu, setMenu] = useState<{ index: number; name: MenuName }>();
  const [barMenu, setBarMenu] = useState<MenuName>();
  const [merging, setMerging] = useState<Issue[]>();
  const [making, setMaking] = useState(false);
  const marked = items.filter((i) => marks.ids.has(i.id));
  const filtered = Object.keys(search).length > 0;

  const { total } = list;
  const keys = items.map((i) => i.key).join(" ");
  useEffect(() => {
    if (total !== undefined)
      leaveTrail({ launch: launch.id, page: "issues", search, keys: keys.split(" "), total });
  }, [launch.id, search, keys, total]);
  const act = useCallback(
    (some: Issue[], what: IssueBulk, owner?: { id: string; name: string }) => {
      marks.clear();
      void bulk.change(some, what, owner);
    },
    [bulk, marks],
  );
  const one = useCallback(
    (issue: Issue, what: IssueBulk, owner?: { id: string; name: string }) => act([issue], what, owner),
    [act],
  );
  const openMenu = useCallback(
    (index: number, name: MenuName | undefined) => setMenu(name ? { index, name } : undefined),
    [],
  );
  const all = async () => marks.put((await list.upTo(mostMarked)).map((i) => i.id));
  const here = items[cursor];
  useCopyLink(here && `/issues/${here.key}`, "list");
  useListActions({
    items,
    cursor,
    marked,
    onCursor: setCursor,
    onOpen: (issueId) =>
      void navigate({ to: "/launches/$launchId/issues/$issueId", params: { launchId: launch.id, issueId } }),
    onMark: marks.toggle,
    onAll: () => void all(),
    onClear: marks.clear,
    onMenu: (name) => (marked.length ? setBarMenu(name) : setMenu({ index: cursor, name })),
    onChange: act,
    onMerge: () => setMerging(marked.length ? marked : items.slice(cursor, cursor + 1)),
    onNew: () => setMaking(true),
  });

  return (
    <Page
      title={t("nav.issues")}
      note={list.total === undefined ? null : t("issues.note", { count: list.total })}
      actions={
        <Button icon={Plus} keys="n" onClick={() => setMaking(true)}>
          {t("newIssue.title")}
        </Button>
      }
    >
      <Proposals launchId={launch.id} />
      <IssueFilterBar search={search} offered={issueFacets} facets={list.facets} onChange={change}>
        <ViewsMenu
          launchId={launch.id}
          page="issues"
          search={search}
          onOpen={(s) => change(issueSearch(s))}
          quiet
        />
        <Order search={search} onChange={change} />
      </IssueFilterBar>
      {list.error ? <Failure error={list.error} onRetry={list.reload} /> : null}
      {list.pending ? (
        <Panel>
          <RowsSkeleton rows={8} />
        </Panel>
      ) : null}
      {list.total === 0 ? <None filtered={filtered} launchId={launch.id} onClear={() => change({})} /> : null}
      {items.length ? (
        <div className="relative">
          <NewsPill list="issue-list" launchId={launch.id} onShow={list.reload} />
          <IssueRows
            lines={list.lines}
            total={list.total ?? items.length}
            cursor={cursor}
            menu={menu}
            marks={marks.ids}
            launchId={launch.id}
            onFocus={setCursor}
            onMark={marks.toggle}
            onMenu={openMenu}
            onChange={one}
            onEnd={list.more}
          />
        </div>
      ) : null}
      <IssueBulkBar
        marked={marked}
        total={list.total ?? 0}
        menu={barMenu}
        onMenu={setBarMenu}
        onChange={(what, owner) => act(marked, what, owner)}
        onMerge={() => setMerging(marked)}
        onAll={() => void all()}
        onClear={marks.clear}
      />
      {merging?.length ? (
        <MergeDialog
          issues={merging}
          launchId={launch.id}
          onMerge={(into) => {
            marks.clear();
            void bulk.merge(merging, into);
          }}
          onClose={() => setMerging(undefined)}
        />
      ) : null}
      {making ? (
        <NewIssueDialog
          areas={(list.facets?.area ?? []).map((a) => a.value).filter((a) => a !== "none")}
          onCreate={(input) => void bulk.create(input)}
          onClose={() => setMaking(false)}
        />
      ) : null}
    </Page>
  );
}

/** Parts, order, and whether closed ones show. */
function Order({ search, onChange }: { search: IssueFilter; onChange: (next: IssueFilter) => void }) {
  return (
    <>
      <Checkbox
        className="text-dense"
        label={t("issues.showClosed")}
        checked={search.show === "all"}
        onChange={(e) => onChange({ ...search, show: e.target.checked ? "all" : undefined })}
      />
      <Select
        aria-label={t("issues.group")}
        className="!h-7 !w-auto !text-dense [field-sizing:content]"
        value={search.group ?? ""}
        onChange={(e) =>
          onChange({ ...search, group: (e.target.value || undefined) as IssueGroup | undefined })
        }
        options={[
          { value: "", label: t("issueGroup.none") },
          ...issueGroups.map((g) => ({ value: g, label: t(`issueGroup.${g}`) })),
        ]}
      />
      <Select
        aria-label={t("feedback.order")}
        className="!h-7 !w-auto !text-dense [field-sizing:content]"
        value={search.sort ?? "priority"}
        onChange={(e) =>
          onChange({
            ...search,
            sort: e.target.value === "priority" ? undefined : (e.target.value as IssueSort),
          })
        }
        options={issueSorts.map((s) => ({ value: s, label: t(`issueSort.${s}`) }))}
      />
    </>
  );
}

function None({ filtered, launchId, onClear }: { filtered: boolean; launchId: string; onClear: () => void }) {
  if (filtered)
    return (
      <Empty
        title={t("issues.noneFiltered")}
        action={<Button onClick={onClear}>{t("filter.clear")}</Button>}
      />
    );
  return (
    <Empty
      title={t("issues.none")}
      action={
        <Link to="/launches/$launchId/feedback" params={{ launchId }} className={buttonClass("primary")}>
          {t("issues.noneDo")}
        </Link>
      }
    >
      <p>{t("issues.noneText")}</p>
    </Empty>
  );
}
