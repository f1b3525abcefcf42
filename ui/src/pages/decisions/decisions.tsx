import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useRowKeys } from "@/actions/use-row-keys";
import {
  accuracyQuery,
  type DecisionFilter,
  decisionFields,
  decisionListQuery,
  engines,
} from "@/api/decisions";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { decisionSearch } from "@/app/search";
import { t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Checkbox, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton, Skeleton } from "@/ui/states";
import { facetWord } from "../feedback/names";
import { ViewsMenu } from "../shared/views-menu";
import { AccuracyTable, Summary } from "./accuracy";
import { DecisionRow } from "./decision-row";
import { OverTime } from "./over-time";

const route = getRouteApi("/app/launches/$launchId/decisions");

/** The ledger of what the engine decided, and how often people had to put it right. */
export default function Decisions() {
  const launch = useLaunch();
  const search = route.useSearch();
  const accuracy = useQuery(accuracyQuery(launch.id));
  const field = accuracy.data?.fields.find((f) => f.field === (search.field ?? "category"));
  return (
    <Page title={t("nav.decisions")} note={t("decisions.note")}>
      <FieldSwitch search={search} />
      {accuracy.error ? <Failure error={accuracy.error} onRetry={() => void accuracy.refetch()} /> : null}
      {accuracy.isPending ? <Skeleton rows={4} height={40} className="!p-0" /> : null}
      {field && accuracy.data ? (
        <>
          <Summary field={field} />
          <div className="grid gap-3 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <AccuracyTable field={field} />
            <OverTime field={field} since={accuracy.data.since} />
          </div>
        </>
      ) : null}
      <Ledger launchId={launch.id} search={search} />
    </Page>
  );
}

/** Which field is measured; also narrows the rows below to it. */
function FieldSwitch({ search }: { search: DecisionFilter }) {
  return (
    <nav aria-label={t("decisions.field")} className="flex gap-4 overflow-x-auto border-line border-b">
      {decisionFields.map((f) => {
        const active = (search.field ?? "category") === f;
        return (
          <Link
            key={f}
            from="/launches/$launchId/decisions"
            to="."
            search={{
              field: f,
              engine: search.engine,
              wrong: search.from || search.to ? undefined : search.wrong,
            }}
            replace
            aria-current={active ? "true" : undefined}
            className={cx(
              "-mb-px flex h-8 flex-none items-center border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
              active ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
            )}
          >
            {word("facet", f)}
          </Link>
        );
      })}
    </nav>
  );
}

function Ledger({ launchId, search }: { launchId: string; search: DecisionFilter }) {
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(decisionListQuery(launchId, search));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const filtered = Object.keys(search).some((k) => k !== "field" && k !== "any");
  useRowKeys(items.length);
  return (
    <section aria-labelledby="ledger" className="grid gap-2">
      <FilterBar
        launchId={launchId}
        search={search}
        onChange={(next) => void navigate({ search: next, replace: true })}
      />
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? (
        <Panel>
          <RowsSkeleton rows={8} height={52} />
        </Panel>
      ) : null}
      {list.data && items.length === 0 ? (
        <Empty
          title={t(filtered ? "decisions.noneFiltered" : "decisions.none")}
          action={
            filtered ? (
              <Button onClick={() => void navigate({ search: { field: search.field } })}>
                {t("filter.clear")}
              </Button>
            ) : (
              <Link to="/launches/$launchId/send" params={{ launchId }} className={buttonClass("primary")}>
                {t("send.title")}
              </Link>
            )
          }
        >
          {filtered ? null : <p>{t("decisions.noneText")}</p>}
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <ol>
            {items.map((d) => (
              <DecisionRow key={d.id} decision={d} launchId={launchId} />
            ))}
          </ol>
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
    </section>
  );
}

function FilterBar({
  launchId,
  search,
  onChange,
}: {
  launchId: string;
  search: DecisionFilter;
  onChange: (next: DecisionFilter) => void;
}) {
  const { from, to, ...rest } = search;
  const value = (v: string) => facetWord(search.field ?? "category", v, languageName);
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-2">
      <h2 id="ledger" className="text-body font-semibold">
        {search.any
          ? t("decisions.list")
          : t("decisions.listOf", { field: word("facet", search.field ?? "category") })}
      </h2>
      <Select
        aria-label={t("decisions.engine")}
        className="!h-7 !w-auto !text-dense pointer-coarse:!h-10"
        value={search.engine ?? ""}
        onChange={(e) =>
          onChange({ ...search, engine: (e.target.value || undefined) as DecisionFilter["engine"] })
        }
        options={[
          { value: "", label: t("decisions.anyEngine") },
          ...engines.map((e) => ({ value: e, label: t(`engine.${e}`) })),
        ]}
      />
      <Checkbox
        className="text-dense"
        label={t("decisions.wrong")}
        checked={search.wrong === "true"}
        onChange={(e) => onChange({ ...rest, wrong: e.target.checked ? "true" : undefined })}
      />
      <Checkbox
        className="text-dense"
        label={t("decisions.any")}
        checked={search.any === "true"}
        onChange={(e) => onChange({ ...rest, any: e.target.checked ? "true" : undefined })}
      />
      {from ? (
        <Chip onRemove={() => onChange({ ...rest, to })}>{t("decisions.from", { value: value(from) })}</Chip>
      ) : null}
      {to ? (
        <Chip onRemove={() => onChange({ ...rest, from })}>{t("decisions.to", { value: value(to) })}</Chip>
      ) : null}
      <span className="flex-1" />
      <ViewsMenu
        launchId={launchId}
        page="decisions"
        search={search}
        onOpen={(s) => onChange(decisionSearch(s))}
      />
    </div>
  );
}

const Chip = ({ onRemove, children }: { onRemove: () => void; children: string }) => (
  <button
    type="button"
    title={t("filter.remove", { label: children })}
    onClick={onRemove}
    className="state forced-edge inline-flex h-6 max-w-64 items-center gap-1 rounded-1 bg-accent-soft px-1.5 text-[11px] font-medium text-accent-text hover:bg-muted pointer-coarse:h-10"
  >
    <span className="truncate">{children}</span>
    <Icon of={X} size={11} />
    <span className="sr-only">{t("common.remove")}</span>
  </button>
);
