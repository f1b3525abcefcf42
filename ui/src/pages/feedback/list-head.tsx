import { Link, useNavigate } from "@tanstack/react-router";
import { Search, X } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { type FeedbackSearch, type FeedbackSort, feedbackSorts, feedbackTabs } from "@/api/filter";
import type { Facets, Pace } from "@/api/types";
import { LiveDot } from "@/app/live";
import { feedbackSearch } from "@/app/search";
import { t } from "@/i18n";
import { compact } from "@/i18n/format";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { ViewsMenu } from "../shared/views-menu";
import { FilterPopover } from "./filter-popover";

interface Props {
  launchId: string;
  search: FeedbackSearch;
  facets: Facets | undefined;
  tabs: Record<string, number> | undefined;
  filterOpen: boolean;
  onFilterOpen: (open: boolean) => void;
  searchField: RefObject<HTMLInputElement | null>;
  onChange: (next: FeedbackSearch) => void;
}

/** Title, search, filter, and the tabs with their counts. */
export function ListHead(p: Props) {
  const navigate = useNavigate({ from: "/launches/$launchId/feedback" });
  const [searching, setSearching] = useState<"no" | "by link" | "by hand">(p.search.q ? "by link" : "no");
  const open = searching !== "no";
  return (
    <>
      <header className="flex h-12 flex-none items-center gap-1 pr-3 pl-4">
        <h1 className={cx("text-pane font-semibold tracking-[-0.01em]", open && "sr-only")}>
          {t("nav.inbox")}
        </h1>
        {open ? (
          <SearchField {...p} takeFocus={searching === "by hand"} onClose={() => setSearching("no")} />
        ) : (
          <>
            <span className="ml-2">
              <LiveDot />
            </span>
            <span className="flex-1" />
            <IconButton
              label={t("feedback.search")}
              icon={Search}
              data-search-open=""
              onClick={() => setSearching("by hand")}
            />
          </>
        )}
        <ViewsMenu
          launchId={p.launchId}
          page="feedback"
          search={p.search}
          onOpen={(s) => void navigate({ search: feedbackSearch(s) })}
          quiet
        />
        <FilterPopover
          search={p.search}
          facets={p.facets}
          open={p.filterOpen}
          onOpen={p.onFilterOpen}
          onChange={p.onChange}
        />
      </header>
      <nav
        aria-label={t("feedback.tabs")}
        className="flex flex-none gap-[13px] overflow-x-auto border-line border-b px-4 [scrollbar-width:none]"
      >
        {feedbackTabs.map((tab) => {
          const n = p.tabs?.[tab];
          const active = (p.search.tab ?? "triage") === tab;
          return (
            <Link
              key={tab}
              from="/launches/$launchId/feedback"
              to="/launches/$launchId/feedback"
              params={{ launchId: p.launchId }}
              search={(s) => ({
                ...s,
                tab: tab === "triage" ? undefined : tab,
                item: undefined,
              })}
              aria-current={active ? "page" : undefined}
              activeProps={{}}
              className={cx(
                "-mb-px flex h-[30px] flex-none items-center gap-[5px] border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
                active ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
              )}
            >
              {t(`tab.${tab}`)}
              {n === undefined ? null : <span className="num text-[11px] text-fg-3">{compact(n)}</span>}
            </Link>
          );
        })}
      </nav>
    </>
  );
}

/** What is typed goes into the URL when the hand rests, so that each letter is no request. */
function SearchField({
  search,
  onChange,
  searchField,
  takeFocus,
  onClose,
}: Props & { takeFocus: boolean; onClose: () => void }) {
  const [typed, setTyped] = useState(search.q ?? "");
  const latest = useRef({ search, onChange });
  useEffect(() => {
    latest.current = { search, onChange };
  });
  useEffect(() => {
    const timer = setTimeout(() => {
      const { search: s, onChange: put } = latest.current;
      const q = typed.trim() || undefined;
      if (q !== s.q) put({ ...s, q, item: undefined });
    }, 180);
    return () => clearTimeout(timer);
  }, [typed]);
  const close = () => {
    setTyped("");
    onChange({ ...search, q: undefined });
    onClose();
  };
  return (
    <search className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-2 border border-control bg-surface px-2 outline-offset-2 outline-focus focus-within:outline-2">
      <Icon of={Search} size={14} className="text-fg-3" />
      <input
        ref={searchField}
        autoFocus={takeFocus}
        type="search"
        aria-label={t("feedback.search")}
        placeholder={t("feedback.search")}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== "Escape") return;
          e.preventDefault();
          if (typed) setTyped("");
          else close();
        }}
        className="h-full min-w-0 flex-1 bg-transparent outline-none [&::-webkit-search-cancel-button]:hidden"
      />
      <button
        type="button"
        aria-label={t("common.close")}
        onClick={close}
        className="grid size-6 place-items-center text-fg-3"
      >
        <Icon of={X} size={13} />
      </button>
    </search>
  );
}

/** The order of the list, and how the work goes; on other tabs how many there are. */
export function SortLine({
  search,
  total,
  pace,
  onChange,
}: {
  search: FeedbackSearch;
  total: number | undefined;
  pace: Pace | undefined;
  onChange: (next: FeedbackSearch) => void;
}) {
  return (
    <div className="flex h-8 flex-none items-center gap-1.5 border-line border-b px-4 text-[12px] whitespace-nowrap text-fg-3 pointer-coarse:h-11">
      <select
        aria-label={t("feedback.order")}
        value={search.sort ?? "-occurred"}
        onChange={(e) => {
          const sort = e.target.value as FeedbackSort;
          onChange({ ...search, sort: sort === "-occurred" ? undefined : sort });
        }}
        className="-ml-1 h-6 min-w-0 rounded-1 bg-transparent pr-1 [field-sizing:content] text-fg-3 pointer-coarse:h-10"
      >
        {feedbackSorts.map((s) => (
          <option key={s} value={s}>
            {t(`sort.${s}`)}
          </option>
        ))}
      </select>
      <span className="flex-1" />
      {(search.tab ?? "triage") === "triage" && pace && pace.of > 0 ? (
        <span className="num" title={t("feedback.paceNote")}>
          {t("feedback.pace", { count: pace.triaged, of: pace.of })}
        </span>
      ) : total === undefined ? null : (
        <span className="num">{t("feedback.reports", { count: total })}</span>
      )}
    </div>
  );
}
