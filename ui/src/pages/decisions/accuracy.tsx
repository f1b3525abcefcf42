import type { Accuracy } from "@/api/types";
import { t, word } from "@/i18n";
import { languageName, number, percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Panel } from "@/ui/panel";
import { ScrollRegion } from "@/ui/scroll-region";
import { facetWord } from "../feedback/names";

/** Precision and recall against what people corrected, field by field. */
export function AccuracyTable({ accuracy }: { accuracy: Accuracy }) {
  const fields = accuracy.fields.filter((f) => f.decided > 0);
  if (fields.length === 0) return null;
  return (
    <Panel title={t("accuracy.title")} note={t("accuracy.note")}>
      <ScrollRegion label={t("accuracy.title")} className="max-h-80 overflow-auto">
        <table className="w-full text-row">
          <thead className="sticky top-0 bg-surface text-left text-[11px] text-fg-3">
            <tr className="[&>th]:px-3 [&>th]:py-1.5 [&>th]:font-medium">
              <th scope="col">{t("accuracy.field")}</th>
              <th scope="col">{t("accuracy.class")}</th>
              <th scope="col" className="text-right">
                {t("accuracy.n")}
              </th>
              <th scope="col">{t("accuracy.precision")}</th>
              <th scope="col">{t("accuracy.recall")}</th>
            </tr>
          </thead>
          {fields.map((f) => (
            <tbody
              key={f.field}
              className="[&_td]:border-line [&_td]:border-t [&_td]:px-3 [&_td]:py-1 [&_th]:border-line [&_th]:border-t [&_th]:px-3 [&_th]:py-1"
            >
              <tr>
                <th scope="rowgroup" colSpan={2} className="text-left font-550">
                  {word("facet", f.field)}
                </th>
                <td className="num text-right">{number(f.decided)}</td>
                <td colSpan={2} className="text-fg-2">
                  {t("accuracy.corrected", { count: f.corrected })}
                </td>
              </tr>
              {f.classes.map((c) => (
                <tr key={c.name}>
                  <td />
                  <td>{facetWord(f.field, c.name, languageName)}</td>
                  <td className="num text-right text-fg-2">{number(c.n)}</td>
                  <td>
                    <Share value={c.precision} />
                  </td>
                  <td>
                    <Share value={c.recall} />
                  </td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </ScrollRegion>
    </Panel>
  );
}

const Share = ({ value }: { value: number | undefined }) =>
  value === undefined ? (
    <span className="text-fg-3">{t("accuracy.unknown")}</span>
  ) : (
    <span className="inline-flex items-baseline gap-2">
      <Bar
        className="self-center"
        value={value}
        tone={value >= 0.9 ? "ok" : value >= 0.7 ? "watch" : "degraded"}
      />
      <span className="num">{percent(value)}</span>
    </span>
  );
