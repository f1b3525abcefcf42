import type { DeliverySearch } from "@/app/search";
import { t, word } from "@/i18n";
import { Select } from "@/ui/field";
import { SearchBox } from "@/ui/search-box";

/** Search by key or reason, and by the channel it came on. */
export function DeliveryFilters({
  search,
  channels,
  onChange,
}: {
  search: DeliverySearch;
  channels: string[];
  onChange: (next: DeliverySearch) => void;
}) {
  const chosen = search.channel?.[0] ?? "";
  const offered = [...new Set([...channels, "api", "import", ...(chosen ? [chosen] : [])])].sort();
  return (
    <search className="flex flex-wrap items-center gap-2">
      <SearchBox
        label={t("deliveries.search")}
        value={search.q ?? ""}
        onSearch={(q) => onChange({ ...search, q })}
      />
      <Select
        aria-label={t("facet.channel")}
        className="!h-7 !w-auto !text-dense"
        value={chosen}
        onChange={(e) => onChange({ ...search, channel: e.target.value ? [e.target.value] : undefined })}
        options={[
          { value: "", label: t("deliveries.anyChannel") },
          ...offered.map((c) => ({ value: c, label: word("channel", c) })),
        ]}
      />
    </search>
  );
}
