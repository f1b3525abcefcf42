import { Link } from "@tanstack/react-router";
import { ArrowRight, BookCheck, Cpu, type LucideIcon, UserRound } from "lucide-react";
import type { Correction, Decision } from "@/api/types";
import { Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Confidence } from "@/ui/bar";
import { Icon } from "@/ui/icon";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { facetWord } from "../feedback/names";

const engineIcons: Record<string, LucideIcon> = { offline: Cpu, rule: BookCheck, person: UserRound };

/** The fields of an outcome that are worth a tag, in this order; ids and "none" say nothing to people. */
const shownFields = [
  "category",
  "severity",
  "sentiment",
  "language",
  "area",
  "emotion",
  "spam",
  "security",
  "tags",
  "state",
  "issue",
];

export function outcomeWords(outcome: Record<string, unknown>): [string, string][] {
  return shownFields.flatMap((field): [string, string][] => {
    const v = outcome[field];
    if (v === true) return [[field, t(`triage.${field === "spam" ? "spamYes" : "securityYes"}`)]];
    if (Array.isArray(v) && v.length) return [[field, v.join(", ")]];
    if (field === "state" && typeof v === "string") return [[field, word("state", v)]];
    return typeof v === "string" && v !== "" && v !== "none" ? [[field, v]] : [];
  });
}

/** One line of the ledger: what was decided of which report, how surely, why, and what people made of it. */
export function DecisionRow({ decision: d, launchId }: { decision: Decision; launchId: string }) {
  const stand = d.corrections.filter((c) => !c.undone_at && c.from !== c.to);
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 gap-y-0.5 border-line px-3 py-1.5 text-row not-first:border-t hover:bg-hover lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)_96px_56px]">
      <Link
        to="/launches/$launchId/feedback"
        params={{ launchId }}
        search={{ tab: "all", item: d.feedback.id }}
        data-list-row=""
        data-user=""
        className="truncate after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        dir="auto"
      >
        <span className="id mr-2 text-fg-3">#{d.feedback.number}</span>
        {d.feedback.title || d.feedback.snippet}
      </Link>
      <span className="flex min-w-0 flex-wrap items-center gap-1.5 max-lg:col-span-2 max-lg:row-start-2">
        <span title={t(`engine.${d.engine}`)} className="text-fg-3">
          <Icon of={engineIcons[d.engine] ?? Cpu} size={13} />
          <span className="sr-only">{t(`engine.${d.engine}`)}</span>
        </span>
        {outcomeWords(d.outcome).map(([field, value]) => (
          <Tag key={field} title={word("facet", field)} user={field === "area" || field === "tags"}>
            {facetWord(field, value, languageName)}
          </Tag>
        ))}
      </span>
      <span className="max-lg:hidden">
        {d.engine === "offline" ? <Confidence value={d.confidence} /> : null}
      </span>
      <span className="text-right text-meta text-fg-3 max-lg:col-start-2 max-lg:row-start-1">
        <Time at={d.at} />
      </span>
      {stand.length ? (
        <ul className="col-span-full flex flex-wrap gap-1.5 lg:col-start-2">
          {stand.map((c) => (
            <Corrected key={c.id} correction={c} />
          ))}
        </ul>
      ) : null}
      {d.reason ? (
        <span data-user="" className="col-span-full truncate text-meta text-fg-3 lg:col-start-2 lg:col-end-5">
          {d.reason}
        </span>
      ) : null}
    </li>
  );
}

function Corrected({ correction: c }: { correction: Correction }) {
  const value = (v: string) => facetWord(c.field, v, languageName) || t("common.none");
  return (
    <li className="forced-edge inline-flex min-h-[18px] max-w-full flex-wrap items-center gap-1 rounded-1 bg-watch-soft px-1.5 text-[11px] leading-[18px] font-medium text-watch">
      <span>{word("facet", c.field)}:</span>
      <s>{value(c.from)}</s>
      <Icon of={ArrowRight} size={11} />
      <span className="sr-only">{t("decisions.becomes")}</span>
      <span>{value(c.to)}</span>
      <span className="font-normal">
        <Trans k="decisions.by" values={{ name: <span data-user="">{c.by}</span> }} />
      </span>
    </li>
  );
}
