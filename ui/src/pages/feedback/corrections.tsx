import { useQuery } from "@tanstack/react-query";
import { PenLine } from "lucide-react";
import { feedbackDecisionsQuery } from "@/api/feedback";
import type { Correction, Decision } from "@/api/types";
import { type MessageKey, Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Icon } from "@/ui/icon";
import { Time } from "@/ui/time";
import { facetWord } from "./names";

const strong = (text: string) => <strong className="font-550">{text}</strong>;

/** The corrections of all decisions that still hold, oldest first, each once. */
export function correctionsOf(decisions: Decision[]): Correction[] {
  const all = new Map(decisions.flatMap((d) => d.corrections).map((c) => [c.id, c]));
  return [...all.values()].filter((c) => !c.undone_at).sort((a, b) => a.at.localeCompare(b.at));
}

/** What people changed of what the engine said; the engine learns from these. */
export function Corrections({ feedbackId }: { feedbackId: string }) {
  const { data = [] } = useQuery(feedbackDecisionsQuery(feedbackId));
  const list = correctionsOf(data);
  if (list.length === 0) return null;
  return (
    <section>
      <h3 className="mb-[5px] text-body font-semibold">{t("corrections.title")}</h3>
      <ol>
        {list.map((c) => (
          <li key={c.id} className="flex items-start gap-2 pb-2 text-row">
            <Icon of={PenLine} size={13} className="mt-[3px] text-fg-3" />
            <span className="min-w-0 flex-1">
              <Trans
                k={c.from === c.to ? "corrections.confirmed" : "corrections.line"}
                values={{
                  who: strong(c.by),
                  field: word("facet", c.field),
                  from: facetWord(c.field, c.from, languageName) || t("common.none" as MessageKey),
                  to: strong(facetWord(c.field, c.to, languageName) || t("common.none" as MessageKey)),
                }}
              />
            </span>
            <Time at={c.at} className="num text-meta text-fg-3" />
          </li>
        ))}
      </ol>
    </section>
  );
}
