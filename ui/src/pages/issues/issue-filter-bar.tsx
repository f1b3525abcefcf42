import { ChevronDown } from "lucide-react";
import {
  type IssueFacet,
  type IssueFilter,
  type IssueSort,
  issueFacets,
  issueSorts,
} from "@/api/issue-filter";
import type { Facets } from "@/api/types";
import { issueSearch } from "@/app/search";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Checkbox, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/popover";
import { SearchBox } from "@/ui/search-box";
import { ViewsMenu } from "../shared/views-menu";

interface Props {
  launchId: string;
  search: IssueFilter;
  facets: Facets | undefined;
  onChange: (next: IssueFilter) => void;
}

/** Search, one button per facet, order, and whether closed ones show. */
export function IssueFilterBar({ launchId, search, facets, onChange }: Props) {
  const active = issueFacets.some((f) => search[f]?.length) || search.q;
  return (
    <search className="flex flex-wrap items-center gap-2">
      <SearchBox
        label={t("issues.search")}
        value={search.q ?? ""}
        onSearch={(q) => onChange({ ...search, q })}
      />
      {issueFacets.map((f) => (
        <FacetButton key={f} facet={f} values={facets?.[f]} search={search} onChange={onChange} />
      ))}
      {active ? (
        <Button look="ghost" onClick={() => onChange({ sort: search.sort, show: search.show })}>
          {t("filter.clear")}
        </Button>
      ) : null}
      <span className="flex-1" />
      <ViewsMenu launchId={launchId} page="issues" search={search} onOpen={(s) => onChange(issueSearch(s))} />
      <Checkbox
        className="text-dense"
        label={t("issues.showClosed")}
        checked={search.show === "all"}
        onChange={(e) => onChange({ ...search, show: e.target.checked ? "all" : undefined })}
      />
      <Select
        aria-label={t("feedback.order")}
        className="!h-7 !w-auto !text-dense"
        value={search.sort ?? "priority"}
        onChange={(e) => onChange({ ...search, sort: e.target.value as IssueSort })}
        options={issueSorts.map((s) => ({ value: s, label: t(`issueSort.${s}`) }))}
      />
    </search>
  );
}

function facetLabel(facet: IssueFacet, v: { value: string; label?: string }): string {
  if (facet === "severity" || facet === "category" || facet === "stage") return word(facet, v.value);
  return v.label || v.value;
}

function FacetButton({
  facet,
  values,
  search,
  onChange,
}: {
  facet: IssueFacet;
  values: Facets[string] | undefined;
  search: IssueFilter;
  onChange: (next: IssueFilter) => void;
}) {
  const chosen = search[facet] ?? [];
  const rows = (values ?? []).filter((v) => v.value);
  if (rows.length === 0 && chosen.length === 0) return null;
  const toggle = (value: string) => {
    const next = chosen.includes(value) ? chosen.filter((c) => c !== value) : [...chosen, value];
    onChange({ ...search, [facet]: next.length ? next : undefined });
  };
  const name = t(`facet.${facet}`);
  return (
    <Popover
      align="start"
      title={name}
      trigger={
        <button
          type="button"
          className={buttonClass(
            "plain",
            "md",
            chosen.length ? "!border-accent !text-accent-text" : "max-sm:hidden",
          )}
        >
          {chosen.length ? t("filter.facetCount", { name, count: chosen.length }) : name}
          <Icon of={ChevronDown} size={12} />
        </button>
      }
    >
      <fieldset className="overflow-auto px-3 py-2">
        <legend className="sr-only">{name}</legend>
        {rows.map((v) => (
          <Checkbox
            key={v.value}
            className="flex w-full text-dense"
            checked={chosen.includes(v.value)}
            onChange={() => toggle(v.value)}
            label={
              <>
                <span className="min-w-0 flex-1 truncate">{facetLabel(facet, v)}</span>
                <span className="num text-meta text-fg-3">{number(v.count)}</span>
              </>
            }
          />
        ))}
      </fieldset>
    </Popover>
  );
}
