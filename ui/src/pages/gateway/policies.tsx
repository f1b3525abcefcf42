import { ArrowRight } from "lucide-react";
import type { NamedPolicy } from "@/api/types";
import { t } from "@/i18n";
import { Icon } from "@/ui/icon";
import { Tag } from "@/ui/tag";

/** The setting that says most about a policy, for a line: the rate of a limit, the size of a body. */
export function gist({ kind, detail = "" }: NamedPolicy): string {
  const value = (name: string) => new RegExp(`^${name}: *"?([^"\\n]+?)"?$`, "m").exec(detail)?.[1];
  if (kind === "limit" || kind === "quota") {
    const by = value("by");
    return [value("rate") ?? value("limit") ?? "", by ? t("policy.by", { by }) : ""]
      .filter(Boolean)
      .join(" ");
  }
  return kind === "max_body" ? detail : "";
}

/** Policies in the order in which a request meets them, as a line of names. */
export function PolicyLine({ policies }: { policies: NamedPolicy[] }) {
  if (policies.length === 0) return <span className="text-fg-3">{t("policy.none")}</span>;
  return (
    <ol aria-label={t("policy.list")} className="flex min-w-0 flex-wrap items-center gap-x-1 gap-y-0.5">
      {policies.map((p, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one kind can be there twice, of the API and of the route
        <li key={i} className="inline-flex items-center gap-1">
          {i ? <Icon of={ArrowRight} size={10} className="text-fg-3" /> : null}
          <Tag title={p.detail || undefined} user>
            {p.kind}
            {gist(p) ? <span className="font-normal text-fg-3">{gist(p)}</span> : null}
          </Tag>
        </li>
      ))}
    </ol>
  );
}

/** The same one below the other, each with its settings. */
export function PolicySteps({ policies }: { policies: NamedPolicy[] }) {
  if (policies.length === 0) return <p className="text-fg-3">{t("policy.noneText")}</p>;
  return (
    <ol className="grid gap-1.5">
      {policies.map((p, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one kind can be there twice, of the API and of the route
        <li key={i} className="grid grid-cols-[18px_minmax(0,1fr)] gap-x-2 text-dense">
          <span className="num grid size-[18px] place-items-center rounded-full bg-muted text-[10.5px] font-medium text-fg-2">
            {i + 1}
          </span>
          <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
            <span data-user="" className="font-550">
              {p.kind}
            </span>
            <span className="text-meta text-fg-3">
              {t(p.of === "api" ? "policy.ofApi" : "policy.ofRoute")}
            </span>
          </span>
          {p.detail ? (
            <pre data-user="" className="id col-start-2 overflow-x-auto text-fg-2">
              {p.detail}
            </pre>
          ) : null}
        </li>
      ))}
    </ol>
  );
}
