import { PenLine } from "lucide-react";
import type { Correction } from "@/api/types";
import { type MessageKey, Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Icon } from "@/ui/icon";
import { Time } from "@/ui/time";
import { facetWord } from "./names";

const strong = (text: string) => <strong className="font-550">{text}</strong>;

/** What people changed of what the engine said; the engine learns from these. */
export function Corrections({ list }: { list: Correction[] }) {
  if (list.length === 0) return null;
  return (
    <section>
      <h3 className="mb-[5px] text-body font-semibold">{t("corrections.title")}</h3>
      <ol>
        {list.map((c) => (
          <li key={`${c.at}${c.field}${c.to}`} className="flex items-start gap-2 pb-2 text-row">
            <Icon of={PenLine} size={13} className="mt-[3px] text-fg-3" />
            <span className="min-w-0 flex-1">
              <Trans
                k="corrections.line"
                values={{
                  who: strong(c.by.name),
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
