import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { mappingPreviewQuery } from "@/api/channels";
import { ApiError } from "@/api/error";
import type { MappingPreview as Input, MappedItem } from "@/api/types";
import { t, word } from "@/i18n";
import { Field, Textarea } from "@/ui/field";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";

const pause = 300;
/** What is drawn of a sample with many items. */
const shown = 20;

/** The value as it was when it last stood still for a moment. */
function useSettled<T>(value: T): T {
  const [settled, set] = useState(value);
  const shape = JSON.stringify(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: its shape says whether it changed
  useEffect(() => {
    const timer = setTimeout(() => set(value), pause);
    return () => clearTimeout(timer);
  }, [shape]);
  return settled;
}

/** What a sample means by the expressions as they are typed, and which of them fails. */
export function useMapping(kind: string, mapping: Record<string, unknown>, sample: string) {
  const texts = Object.fromEntries(
    Object.entries(mapping).filter((e): e is [string, string] => typeof e[1] === "string" && e[1] !== ""),
  );
  const body = useSettled({ kind, mapping: texts, sample: sample.trim() || "{}" } as Input);
  const on = kind === "webhook" || kind === "cloudevents";
  const preview = useQuery({ ...mappingPreviewQuery(body), enabled: on && sample.trim() !== "" });
  const error = on && preview.error instanceof ApiError ? preview.error : undefined;
  return { preview, error, of: (field: string) => error?.field(`settings.${field}`) };
}

/** A box for a sample, and below it what it means. */
export function MappingPreview({
  sample,
  onChange,
  mapping,
}: {
  sample: string;
  onChange: (next: string) => void;
  mapping: ReturnType<typeof useMapping>;
}) {
  const { preview, error } = mapping;
  // What is wrong with an expression stands at its field.
  const whole = error && error.fields.length === 0 ? error.detail : undefined;
  const items = error || !sample.trim() ? [] : (preview.data ?? []);
  return (
    <section aria-label={t("mapping.title")} className="grid grid-cols-1 gap-2">
      <Field label={t("mapping.sample")} hint={t("mapping.sampleHint")} error={whole}>
        {(w) => (
          <Textarea
            {...w}
            data-user=""
            rows={6}
            className="font-mono"
            spellCheck={false}
            maxLength={200_000}
            placeholder={'{"title": "Checkout fails", "severity": "error"}'}
            value={sample}
            onChange={(e) => onChange(e.target.value)}
          />
        )}
      </Field>
      <div role="status" className="grid grid-cols-1 gap-1.5">
        {items.length ? (
          <p className="text-dense font-medium">{t("mapping.means", { count: items.length })}</p>
        ) : null}
        {items.slice(0, shown).map((item, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items of one answer have no identity
          <Meaning key={i} item={item} />
        ))}
        {items.length > shown ? (
          <p className="text-meta text-fg-3">{t("mapping.more", { count: items.length - shown })}</p>
        ) : null}
        {error && !whole ? <p className="text-dense text-critical">{t("mapping.failed")}</p> : null}
      </div>
    </section>
  );
}

const details = [
  "text",
  "severity",
  "state",
  "service",
  "key",
  "group",
  "version",
  "author",
  "email",
  "user_id",
  "url",
] as const;

function Meaning({ item }: { item: MappedItem }) {
  return (
    <div className="grid grid-cols-1 gap-1 rounded-2 border border-line px-2.5 py-1.5">
      <p className="flex min-w-0 items-center gap-2">
        <Tag>{item.skipped ? t("mapping.skipped") : word("mappedKind", item.kind)}</Tag>
        <span data-user="" className="truncate font-550">
          {item.title}
        </span>
      </p>
      <dl data-user="" className="grid gap-0.5 text-dense">
        {details.map((name) =>
          item[name] ? (
            <div key={name} className="grid grid-cols-[82px_minmax(0,1fr)] gap-x-2">
              <dt className="text-fg-3">{name}</dt>
              <dd className="min-w-0 [overflow-wrap:anywhere]">{item[name]}</dd>
            </div>
          ) : null,
        )}
        {item.time ? (
          <div className="grid grid-cols-[82px_minmax(0,1fr)] gap-x-2">
            <dt className="text-fg-3">time</dt>
            <dd>
              <Time at={item.time} />
            </dd>
          </div>
        ) : null}
      </dl>
    </div>
  );
}
