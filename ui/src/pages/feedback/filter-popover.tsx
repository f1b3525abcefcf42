import { ListFilter } from "lucide-react";
import { useState } from "react";
import {
  activeFilters,
  clearFilters,
  type FeedbackSearch,
  feedbackFacets,
  type Rating,
  ratings,
  toggleValue,
  waits,
} from "@/api/filter";
import type { Facets } from "@/api/types";
import { t } from "@/i18n";
import { languageName, number } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/popover";
import { facetWord } from "./names";

interface Props {
  search: FeedbackSearch;
  facets: Facets | undefined;
  open: boolean;
  onOpen: (open: boolean) => void;
  onChange: (next: FeedbackSearch) => void;
}

/** All filters with their counts. What is ticked is in the URL at once. */
export function FilterPopover({ search, facets, open, onOpen, onChange }: Props) {
  const active = activeFilters(search);
  const put = (key: "from" | "to" | "issue" | "rating" | "waiting", value: string) =>
    onChange({ ...search, [key]: value || undefined });
  return (
    <Popover
      title={t("filter.title")}
      open={open}
      onOpenChange={onOpen}
      trigger={
        <button
          type="button"
          aria-label={active ? t("filter.openActive", { count: active }) : t("filter.open")}
          title={t("filter.open")}
          className={buttonClass("ghost", "md", active ? "!text-accent-text" : "w-7 !px-0")}
        >
          <Icon of={ListFilter} size={15} />
          {active ? <span className="num">{active}</span> : null}
        </button>
      }
    >
      <div className="min-h-0 flex-1 overflow-auto px-3 py-2">
        {feedbackFacets.map((facet) => (
          <FacetGroup
            key={facet}
            facet={facet}
            values={facets?.[facet]}
            search={search}
            onChange={onChange}
          />
        ))}
        <div className="grid grid-cols-2 gap-2 border-line border-t py-2">
          <Field label={t("filter.from")}>
            {(w) => (
              <Input
                {...w}
                type="date"
                value={search.from?.slice(0, 10) ?? ""}
                onChange={(e) => put("from", e.target.value)}
              />
            )}
          </Field>
          <Field label={t("filter.to")}>
            {(w) => (
              <Input
                {...w}
                type="date"
                value={search.to?.slice(0, 10) ?? ""}
                onChange={(e) => put("to", e.target.value)}
              />
            )}
          </Field>
          <Field label={t("filter.issue")}>
            {(w) => (
              <Select
                {...w}
                value={search.issue ?? ""}
                onChange={(e) => put("issue", e.target.value)}
                options={issueOptions}
              />
            )}
          </Field>
          <Field label={t("filter.rating")}>
            {(w) => (
              <Select
                {...w}
                value={search.rating ?? ""}
                onChange={(e) => put("rating", e.target.value)}
                options={ratingOptions}
              />
            )}
          </Field>
          <Field label={t("filter.waiting")}>
            {(w) => (
              <Select
                {...w}
                value={search.waiting ?? ""}
                onChange={(e) => put("waiting", e.target.value)}
                options={waitOptions}
              />
            )}
          </Field>
        </div>
      </div>
      <div className="flex justify-end border-line border-t px-3 py-2">
        <Button disabled={!active} onClick={() => onChange(clearFilters(search))}>
          {t("filter.clear")}
        </Button>
      </div>
    </Popover>
  );
}

const issueOptions = [
  { value: "", label: t("filter.any") },
  { value: "none", label: t("filter.noIssue") },
  { value: "any", label: t("filter.hasIssue") },
];

const ratingOptions = [
  { value: "", label: t("filter.any") },
  ...(Object.keys(ratings) as Rating[]).map((value) => ({ value, label: t(`filter.rating.${value}`) })),
];

const waitOptions = [
  { value: "", label: t("filter.any") },
  ...waits.map((value) => ({ value, label: t(`filter.waiting.${value}`) })),
];

const few = 6;

function FacetGroup({
  facet,
  values,
  search,
  onChange,
}: {
  facet: (typeof feedbackFacets)[number];
  values: Facets[string] | null | undefined;
  search: FeedbackSearch;
  onChange: (next: FeedbackSearch) => void;
}) {
  const [all, setAll] = useState(false);
  const chosen = search[facet] ?? [];
  const offered = (values ?? []).filter((v) => v.value);
  const missing = chosen
    .filter((c) => !offered.some((v) => v.value === c))
    .map((value) => ({ value, count: 0 }));
  const rows = [...missing, ...offered];
  // Counts order the others; severity has an order of its own.
  if (facet === "severity") rows.sort((a, b) => a.value.localeCompare(b.value));
  if (rows.length === 0) return null;
  const shown = all ? rows : rows.filter((r, i) => i < few || chosen.includes(r.value));
  return (
    <fieldset className="border-line py-1.5 not-first:border-t">
      <legend className="contents">
        <span className="block pt-1 text-[12px] font-semibold">{t(`facet.${facet}`)}</span>
      </legend>
      {shown.map((v) => (
        <Checkbox
          key={v.value}
          className="flex w-full text-dense"
          checked={chosen.includes(v.value)}
          onChange={() => onChange(toggleValue(search, facet, v.value))}
          label={
            <>
              <span className="min-w-0 flex-1 truncate">{facetWord(facet, v.value, languageName)}</span>
              <span className="num text-meta text-fg-3">{number(v.count)}</span>
            </>
          }
        />
      ))}
      {rows.length > shown.length ? (
        <button type="button" className="link min-h-6 text-meta" onClick={() => setAll(true)}>
          {t("filter.more", { count: rows.length - shown.length })}
        </button>
      ) : null}
    </fieldset>
  );
}
