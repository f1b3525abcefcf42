import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { accuracyQuery, type DecisionFilter, decisionListQuery } from "@/api/decisions";
import type { Decision } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { t, word } from "@/i18n";
import { languageName, percent } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Checkbox, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { facetWord } from "../feedback/names";
import { AccuracyTable } from "./accuracy";

const route = getRouteApi("/app/launches/$launchId/decisions");
const fields = ["category", "severity", "sentiment", "language", "area"] as const;

/** The ledger of what the engine decided, and how often people had to put it right. */
export default function Decisions() {
  const launch = useLaunch();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const accuracy = useQuery(accuracyQuery(launch.id));
  const list = useInfiniteQuery(decisionListQuery(launch.id, search));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Page title={t("nav.decisions")} note={t("decisions.note")}>
      {accuracy.data ? <AccuracyTable accuracy={accuracy.data} /> : null}
      <div className="flex flex-wrap items-center gap-3">
        <Select
          aria-label={t("decisions.field")}
          className="!h-7 !w-auto !text-dense"
          value={search.field ?? ""}
          onChange={(e) =>
            void navigate({
              search: { ...search, field: (e.target.value || undefined) as DecisionFilter["field"] },
              replace: true,
            })
          }
          options={[
            { value: "", label: t("decisions.anyField") },
            ...fields.map((f) => ({ value: f, label: t(`facet.${f}`) })),
          ]}
        />
        <Checkbox
          className="text-dense"
          label={t("decisions.corrected")}
          checked={search.corrected === "true"}
          onChange={(e) =>
            void navigate({
              search: { ...search, corrected: e.target.checked ? "true" : undefined },
              replace: true,
            })
          }
        />
      </div>
      {list.error ? <Failure error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <Skeleton rows={8} /> : null}
      {list.data && items.length === 0 ? (
        <Empty title={t("decisions.none")}>
          <p>{t("decisions.noneText")}</p>
        </Empty>
      ) : null}
      {items.length ? (
        <Panel>
          <ol>
            {items.map((d) => (
              <DecisionRow key={d.id} decision={d} launchId={launch.id} />
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

/** The fields of an outcome that are worth a tag, in this order; ids and "none" say nothing to people. */
const shownFields = [
  "category",
  "severity",
  "sentiment",
  "language",
  "area",
  "emotion",
  "spam",
  "security",
  "tags",
  "state",
];

export function outcomeWords(outcome: Record<string, unknown>): [string, string][] {
  return shownFields.flatMap((field): [string, string][] => {
    const v = outcome[field];
    if (v === true) return [[field, t(`triage.${field === "spam" ? "spamYes" : "securityYes"}`)]];
    if (Array.isArray(v) && v.length) return [[field, v.join(", ")]];
    return typeof v === "string" && v !== "" && v !== "none" ? [[field, v]] : [];
  });
}

function DecisionRow({ decision: d, launchId }: { decision: Decision; launchId: string }) {
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-3 gap-y-0.5 border-line px-3 py-1.5 text-row not-first:border-t hover:bg-hover md:grid-cols-[minmax(0,280px)_minmax(0,1fr)_48px_64px]">
      <Link
        to="/launches/$launchId/feedback"
        params={{ launchId }}
        search={{ tab: "all", item: d.feedback.id }}
        className="truncate after:absolute after:inset-0"
        dir="auto"
      >
        <span className="id mr-2 text-fg-3">#{d.feedback.number}</span>
        {d.feedback.title || d.feedback.snippet}
      </Link>
      <span className="flex min-w-0 flex-wrap gap-1.5 max-md:col-span-2 max-md:row-start-2">
        {outcomeWords(d.outcome).map(([field, value]) => (
          <Tag key={field} title={word("facet", field)}>
            {facetWord(field, value, languageName)}
          </Tag>
        ))}
        {d.corrections
          .filter((c) => c.from !== c.to)
          .map((c) => (
            <Tag key={c.field} tone="watch">
              {t("decisions.correctedTo", {
                field: word("facet", c.field),
                to: facetWord(c.field, c.to, languageName),
              })}
            </Tag>
          ))}
      </span>
      <span className="num text-right text-meta text-fg-3 max-md:hidden">{percent(d.confidence)}</span>
      <span className="text-right text-meta text-fg-3">
        <Time at={d.at} />
      </span>
      {d.reason ? (
        <span className="col-span-full truncate text-meta text-fg-3 md:col-start-2">{d.reason}</span>
      ) : null}
    </li>
  );
}
