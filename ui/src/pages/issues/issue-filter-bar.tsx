import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import type { IssueFacet } from "@/api/issue-filter";
import type { Facets } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Checkbox } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/popover";
import { SearchBox } from "@/ui/search-box";

type Chosen = { q?: string } & { [K in IssueFacet]?: string[] };

interface Props<S extends Chosen> {
  search: S;
  offered: readonly IssueFacet[];
  facets: Facets | undefined;
  onChange: (next: S) => void;
  /** What stands at the right: order, lanes, views. */
  children?: ReactNode;
}

/** Search and one button for each facet; of the list and of the board alike. */
export function IssueFilterBar<S extends Chosen>({ search, offered, facets, onChange, children }: Props<S>) {
  const active = offered.some((f) => search[f]?.length) || search.q;
  const clear = () => {
    const next = { ...search, q: undefined };
    for (const f of offered) next[f] = undefined;
    onChange(next);
  };
  return (
    <search className="flex flex-wrap items-center gap-2">
      <SearchBox
        label={t("issues.search")}
        value={search.q ?? ""}
        onSearch={(q) => onChange({ ...search, q })}
      />
      <span className="contents max-sm:order-last max-sm:-m-1 max-sm:flex max-sm:w-full max-sm:gap-2 max-sm:overflow-x-auto max-sm:p-1">
        {offered.map((f) => (
          <FacetButton
            key={f}
            facet={f}
            values={facets?.[f]}
            chosen={search[f] ?? []}
            onChange={(next) => onChange({ ...search, [f]: next.length ? next : undefined })}
          />
        ))}
      </span>
      {active ? (
        <Button look="ghost" onClick={clear}>
          {t("filter.clear")}
        </Button>
      ) : null}
      <span className="flex-1" />
      {children}
    </search>
  );
}

/** What a value of a facet is called: an owner by name. */
export function useFacetLabel(): (facet: IssueFacet, value: string) => string {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  return (facet, value) => {
    if (value === "none") return facet === "owner" ? t("common.nobody") : t("common.none");
    if (facet === "owner") return people.find((p) => p.id === value)?.name ?? value;
    if (facet === "severity" || facet === "category" || facet === "stage") return word(facet, value);
    return value;
  };
}

function FacetButton({
  facet,
  values,
  chosen,
  onChange,
}: {
  facet: IssueFacet;
  values: Facets[string] | undefined;
  chosen: string[];
  onChange: (next: string[]) => void;
}) {
  const label = useFacetLabel();
  const rows = (values ?? []).filter((v) => v.value);
  if (rows.length === 0 && chosen.length === 0) return null;
  const toggle = (value: string) =>
    onChange(chosen.includes(value) ? chosen.filter((c) => c !== value) : [...chosen, value]);
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
            chosen.length ? "!border-accent !text-accent-text" : undefined,
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
                <span className="min-w-0 flex-1 truncate">{label(facet, v.value)}</span>
                <span className="num text-meta text-fg-3">{number(v.count)}</span>
              </>
            }
          />
        ))}
      </fieldset>
    </Popover>
  );
}
