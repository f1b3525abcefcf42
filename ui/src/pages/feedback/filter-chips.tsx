import { X } from "lucide-react";
import { clearFilters, type FeedbackSearch, feedbackFacets, toggleValue } from "@/api/filter";
import { type MessageKey, t } from "@/i18n";
import { dateTime, languageName } from "@/i18n/format";
import { Icon } from "@/ui/icon";
import { facetWord } from "./names";

interface Chip {
  id: string;
  label: string;
  without: FeedbackSearch;
}

/** What the list is filtered by, each with its own way out. */
export function chipsOf(search: FeedbackSearch): Chip[] {
  const chips: Chip[] = feedbackFacets.flatMap((facet) =>
    (search[facet] ?? []).map((value) => ({
      id: `${facet}:${value}`,
      label: facetWord(facet, value, languageName),
      without: toggleValue(search, facet, value),
    })),
  );
  const single = (
    key: "issue" | "rating" | "waiting" | "person" | "import" | "from" | "to" | "triaged_from" | "triaged_to",
    label: string,
  ) => {
    if (search[key]) chips.push({ id: key, label, without: { ...search, [key]: undefined } });
  };
  single("issue", t(search.issue === "none" ? "filter.noIssue" : "filter.hasIssue"));
  if (search.rating) single("rating", t(`filter.rating.${search.rating}`));
  if (search.waiting) {
    single("waiting", t("filter.waits", { time: t(`filter.waiting.${search.waiting}`) }));
  }
  single("person", t("filter.onePerson"));
  single("import", t("filter.oneImport"));
  // A link from the command centre names a moment, a person chooses a day.
  const when = (v = "") => (v.includes("T") ? dateTime(v) : v);
  single("from", t("filter.fromDay" as MessageKey, { day: when(search.from) }));
  single("to", t("filter.toDay" as MessageKey, { day: when(search.to) }));
  single("triaged_from", t("filter.triagedFrom", { day: when(search.triaged_from) }));
  single("triaged_to", t("filter.triagedTo", { day: when(search.triaged_to) }));
  return chips;
}

export function FilterChips({
  search,
  onChange,
}: {
  search: FeedbackSearch;
  onChange: (next: FeedbackSearch) => void;
}) {
  const chips = chipsOf(search);
  if (chips.length === 0) return null;
  return (
    <div className="flex flex-none flex-wrap items-center gap-1.5 border-line border-b px-4 py-1.5">
      {chips.map((c) => (
        <button
          key={c.id}
          type="button"
          title={t("filter.remove", { label: c.label })}
          onClick={() => onChange(c.without)}
          className="state inline-flex h-6 max-w-48 items-center gap-1 rounded-1 bg-accent-soft px-1.5 text-[11px] font-medium text-accent-text hover:bg-muted"
        >
          <span className="truncate">{c.label}</span>
          <Icon of={X} size={11} />
          <span className="sr-only">{t("common.remove")}</span>
        </button>
      ))}
      <button type="button" className="link min-h-6 text-meta" onClick={() => onChange(clearFilters(search))}>
        {t("filter.clear")}
      </button>
    </div>
  );
}
