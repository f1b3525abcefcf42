import type { DeliverySearch } from "@/app/search";
import { t, word } from "@/i18n";
import { Select } from "@/ui/field";

/** By the channel it came on. */
export function DeliveryFilters({
  search,
  channels,
  onChange,
}: {
  search: DeliverySearch;
  channels: string[];
  onChange: (next: DeliverySearch) => void;
}) {
  const chosen = search.channel ?? "";
  const offered = [...new Set([...channels, "api", "import", ...(chosen ? [chosen] : [])])].sort();
  return (
    <search className="flex flex-wrap items-center gap-2">
      <Select
        aria-label={t("facet.channel")}
        className="!h-7 !w-auto !text-dense"
        value={chosen}
        onChange={(e) => onChange({ ...search, channel: e.target.value || undefined })}
        options={[
          { value: "", label: t("deliveries.anyChannel") },
          ...offered.map((c) => ({ value: c, label: word("channel", c) })),
        ]}
      />
    </search>
  );
}
