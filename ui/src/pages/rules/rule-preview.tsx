import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ruleApi } from "@/api/rules";
import type { RuleInput } from "@/api/types";
import { t } from "@/i18n";
import { Severity } from "@/ui/glyph";
import { explain } from "@/ui/states";
import { authorOf } from "../feedback/names";

/** What the rule would have hit in the past, asked anew when the condition rests. */
export function RulePreview({
  launchId,
  when,
  then,
}: {
  launchId: string;
  when: string;
  then: RuleInput["then"];
}) {
  const { data, error } = useQuery({
    queryKey: ["rule-preview", launchId, when],
    queryFn: () => ruleApi.preview(launchId, when, then),
    enabled: when.trim() !== "",
    retry: false,
    placeholderData: keepPreviousData,
  });
  if (!when.trim()) return null;
  const wrong = data?.error || (error ? explain(error) : "");
  return (
    <section aria-label={t("rules.preview")} className="rounded-3 border border-line">
      <p role="status" className={`px-3 py-2 text-dense ${wrong ? "text-critical" : "text-fg-2"}`}>
        {wrong ||
          (data ? t("rules.matched", { count: data.matched, scanned: data.scanned }) : t("common.loading"))}
      </p>
      {!wrong && data?.sample.length ? (
        <ul>
          {data.sample.slice(0, 6).map((f) => (
            <li
              key={f.id}
              className="grid grid-cols-[110px_minmax(0,1fr)_auto] items-center gap-3 border-line border-t px-3 py-1.5 text-dense"
            >
              <span className="truncate text-fg-3">{authorOf(f)}</span>
              <span dir="auto" className="truncate">
                {f.title || f.snippet}
              </span>
              <Severity level={f.severity} />
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
