import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { BellOff, Check, RotateCcw, Target } from "lucide-react";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { errorsQuery } from "@/api/errors";
import type { ErrorGroup } from "@/api/types";
import { useLaunch, useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { type ErrorsSearch, errorStates } from "@/app/search";
import { t, word } from "@/i18n";
import { compact } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { ErrorDrawer } from "./error-drawer";
import { ErrorFilters } from "./error-filters";
import { columns, ErrorRow, narrowed } from "./error-row";
import { Releases } from "./releases";
import { useErrorVerbs } from "./verbs";

const route = getRouteApi("/app/launches/$launchId/errors");

/** The errors of the launched product, one line a fault, and how its releases do. */
export default function Errors() {
  const launch = useLaunch();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { tab, state = "unresolved", error: open } = search;
  const { sort, q, user, release, environment } = search;
  const list = useInfiniteQuery(errorsQuery(launch.id, { state, sort, q, user, release, environment }));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const counts = list.data?.pages[0]?.counts;
  const mayWork = useMe().permissions.includes("work_feedback");
  const verbs = useErrorVerbs();
  const shown = tab === undefined;
  useRowKeys(shown ? items.length : 0);
  const go = (next: ErrorsSearch) => void navigate({ search: next, replace: true });
  const close = () => go({ ...search, error: undefined, event: undefined });
  /** The row that the cursor is on, or else the error that is open. */
  const chosen = () => {
    const id = document.activeElement?.closest<HTMLElement>("[data-error]")?.dataset.error ?? open;
    return items.find((e) => e.id === id);
  };
  const on = (fn: (e: ErrorGroup) => Promise<void>) => () => {
    const e = chosen();
    if (e) void fn(e);
  };
  const can = () => mayWork && shown && items.length > 0;
  useActions([
    {
      id: "error.resolve",
      keys: ["e"],
      scope: "list",
      label: t("action.resolveError"),
      hint: t("errors.resolve"),
      icon: Check,
      when: can,
      run: on((e) => verbs.set(e, "resolved")),
    },
    {
      id: "error.ignore",
      keys: ["i"],
      scope: "list",
      label: t("action.ignoreError"),
      hint: t("errors.ignore"),
      icon: BellOff,
      when: can,
      run: on((e) => verbs.set(e, "ignored")),
    },
    {
      id: "error.reopen",
      keys: ["u"],
      scope: "list",
      label: t("action.reopenError"),
      icon: RotateCcw,
      when: can,
      run: on((e) => verbs.set(e, "unresolved")),
    },
    {
      id: "error.issue",
      keys: ["m"],
      scope: "list",
      label: t("action.errorIssue"),
      hint: t("errors.makeIssue"),
      icon: Target,
      when: can,
      run: on((e) => verbs.issue(e)),
    },
    {
      id: "error.close",
      keys: ["escape"],
      scope: "item",
      label: t("action.closeDrawer"),
      keysOnly: true,
      when: () => open !== undefined,
      run: close,
    },
  ]);
  return (
    <Page
      title={t("nav.errors")}
      note={counts ? t("errors.note", { count: counts.unresolved }) : null}
      drawer={
        shown && open ? (
          <ErrorDrawer key={open} id={open} event={search.event} mayWork={mayWork} onClose={close} />
        ) : null
      }
    >
      <nav aria-label={t("errors.parts")} className="flex gap-4 overflow-x-auto border-line border-b">
        {[...errorStates, "releases" as const].map((one) => {
          const here = one === "releases" ? tab === "releases" : shown && state === one;
          return (
            <Link
              key={one}
              to="/launches/$launchId/errors"
              params={{ launchId: launch.id }}
              search={
                one === "releases"
                  ? { tab: "releases" }
                  : {
                      ...search,
                      tab: undefined,
                      error: undefined,
                      event: undefined,
                      state: one === "unresolved" ? undefined : one,
                    }
              }
              aria-current={here ? "true" : undefined}
              className={cx(
                "-mb-px flex h-8 flex-none items-center gap-1.5 border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
                here ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
              )}
            >
              {one === "releases" ? t("errors.releases") : word("errorState", one)}
              {counts && one in counts ? (
                <span className="num text-meta text-fg-3">{compact(counts[one as keyof typeof counts])}</span>
              ) : null}
            </Link>
          );
        })}
      </nav>
      {tab === "releases" ? <Releases launchId={launch.id} /> : null}
      {shown ? <ErrorFilters search={search} onChange={go} /> : null}
      {shown ? <List list={list} items={items} search={search} launchId={launch.id} onClear={go} /> : null}
    </Page>
  );
}

function List({
  list,
  items,
  search,
  launchId,
  onClear,
}: {
  list: {
    error: unknown;
    isPending: boolean;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    refetch: () => unknown;
    fetchNextPage: () => unknown;
  };
  items: ErrorGroup[];
  search: ErrorsSearch;
  launchId: string;
  onClear: (next: ErrorsSearch) => void;
}) {
  const open = search.error !== undefined;
  const filtered = Boolean(search.q || search.user || search.release || search.environment);
  return (
    <>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? (
        <Panel>
          <RowsSkeleton rows={8} height={44} />
        </Panel>
      ) : null}
      {!list.isPending && !list.error && items.length === 0 ? (
        <Empty
          title={t("errors.none")}
          action={
            filtered ? (
              <Button onClick={() => onClear({ state: search.state, sort: search.sort })}>
                {t("errors.clear")}
              </Button>
            ) : (
              <Link to="/launches/$launchId/channels" params={{ launchId }} className={buttonClass()}>
                {t("errors.toChannels")}
              </Link>
            )
          }
        >
          <p>{t(filtered ? "errors.noneFound" : "errors.noneText")}</p>
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <div
            aria-hidden="true"
            className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden", open && narrowed)}
          >
            <span />
            <span>{t("errors.title")}</span>
            <span className={open ? "lg:hidden" : ""}>{t("errors.hours")}</span>
            <span className="text-right">{t("errors.events")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("errors.users")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("errors.first")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("errors.last")}</span>
          </div>
          <ul aria-label={t("nav.errors")}>
            {items.map((e) => (
              <ErrorRow key={e.id} error={e} search={search} launchId={launchId} />
            ))}
          </ul>
        </Panel>
      ) : null}
      {list.hasNextPage ? (
        <Button
          className="justify-self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
    </>
  );
}
