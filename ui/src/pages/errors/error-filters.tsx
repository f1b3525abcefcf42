import { X } from "lucide-react";
import { type ErrorsSearch, errorSorts } from "@/app/search";
import { t, word } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Select } from "@/ui/field";
import { SearchBox } from "@/ui/search-box";

/** By words, by who met it, by release and environment (which the tags of an error set), and their order. */
export function ErrorFilters({
  search,
  onChange,
}: {
  search: ErrorsSearch;
  onChange: (next: ErrorsSearch) => void;
}) {
  return (
    <search className="flex flex-wrap items-center gap-2">
      <SearchBox
        label={t("errors.search")}
        value={search.q ?? ""}
        onSearch={(q) => onChange({ ...search, q })}
      />
      <SearchBox
        label={t("errors.user")}
        value={search.user ?? ""}
        onSearch={(user) => onChange({ ...search, user })}
      />
      <Select
        aria-label={t("errors.sort")}
        className="!h-7 !w-auto !text-dense"
        value={search.sort ?? "last"}
        onChange={(e) => {
          const sort = errorSorts.find((s) => s === e.target.value);
          onChange({ ...search, sort: sort === "last" ? undefined : sort });
        }}
        options={errorSorts.map((s) => ({ value: s, label: word("errorSort", s) }))}
      />
      {(["release", "environment"] as const).map((name) =>
        search[name] ? (
          <span
            key={name}
            className="inline-flex h-7 items-center gap-1 rounded-2 bg-muted pl-2 text-dense text-fg-2"
          >
            {t(`errors.${name}`)} <span data-user="">{search[name]}</span>
            <IconButton
              label={t("errors.clear")}
              icon={X}
              size={13}
              onClick={() => onChange({ ...search, [name]: undefined })}
            />
          </span>
        ) : null,
      )}
    </search>
  );
}
