import { useState } from "react";
import type { ErrorBody } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Time } from "@/ui/time";

const few = 8;

/** What happened before the error, oldest first; the last few at once. */
export function Crumbs({ list }: { list: NonNullable<ErrorBody["breadcrumbs"]> }) {
  const [all, setAll] = useState(false);
  const shown = all ? list : list.slice(-few);
  return (
    <section className="grid grid-cols-1 gap-1">
      <h3 className="text-body font-semibold">{t("errors.breadcrumbs")}</h3>
      {shown.length < list.length ? (
        <Button size="sm" className="justify-self-start" onClick={() => setAll(true)}>
          {t("errors.moreCrumbs", { count: list.length - shown.length })}
        </Button>
      ) : null}
      <ol className="grid grid-cols-1">
        {shown.map((c, i) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
            key={i}
            className="grid min-h-6 grid-cols-[64px_96px_minmax(0,1fr)] items-baseline gap-x-2 text-dense"
          >
            <span className="text-meta text-fg-3">{c.at ? <Time at={c.at} /> : null}</span>
            <span data-user="" className="truncate text-meta text-fg-3">
              {c.category || c.type}
            </span>
            <span data-user="" className={level(c.level)}>
              {c.message || summary(c.data)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const level = (l: string | undefined) =>
  `[overflow-wrap:anywhere] ${l === "error" || l === "fatal" ? "text-critical" : l === "warning" ? "text-watch" : "text-fg-2"}`;

/** What a crumb without words says: a request, or its data. */
function summary(data: unknown): string {
  if (!data || typeof data !== "object") return "";
  const d = data as Record<string, unknown>;
  if (typeof d.url === "string")
    return [d.method, d.url, d.status_code].filter((x) => x !== undefined).join(" ");
  if (typeof d.from === "string" && typeof d.to === "string") return `${d.from} → ${d.to}`;
  return JSON.stringify(data).slice(0, 200);
}
