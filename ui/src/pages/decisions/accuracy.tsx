import { Link } from "@tanstack/react-router";
import type { DecisionFilter } from "@/api/decisions";
import type { Accuracy } from "@/api/types";
import { t, word } from "@/i18n";
import { languageName, number, percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Panel } from "@/ui/panel";
import { ScrollRegion } from "@/ui/scroll-region";
import { facetWord } from "../feedback/names";

type FieldAccuracy = Accuracy["fields"][number];

/** The four numbers of a field: how much was decided, looked at, put right, and the share that was right. */
export function Summary({ field: f }: { field: FieldAccuracy }) {
  const name = f.field as DecisionFilter["field"];
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-3 border border-line bg-surface md:grid-cols-4">
      <Figure name={t("accuracy.right")} note={t("accuracy.rightNote")}>
        {f.right === undefined ? t("accuracy.unknown") : percent(f.right)}
      </Figure>
      <Figure name={t("accuracy.reviewed")} note={t("accuracy.reviewedNote")}>
        {number(f.reviewed)}
      </Figure>
      <Figure name={t("accuracy.correctedShort")} note={t("accuracy.correctedNote")}>
        {f.corrected ? (
          <Link
            from="/launches/$launchId/decisions"
            to="."
            search={{ field: name, wrong: "true" }}
            className="link"
          >
            {number(f.corrected)}
          </Link>
        ) : (
          number(0)
        )}
      </Figure>
      <Figure name={t("accuracy.decided")} note={t("accuracy.decidedNote")}>
        {number(f.decided)}
      </Figure>
    </dl>
  );
}

const Figure = ({ name, note, children }: { name: string; note: string; children: React.ReactNode }) => (
  <div className="border-line px-3 py-2 not-first:border-l max-md:nth-[3]:border-l-0 max-md:nth-[n+3]:border-t">
    <dt className="text-dense text-fg-2">{name}</dt>
    <dd className="num mt-0.5 text-kpi font-550 tracking-[-0.022em]">{children}</dd>
    <dd className="mt-0.5 text-meta text-fg-3">{note}</dd>
  </div>
);

/** Value by value: what triage said, how often that held, what it missed. Every wrong number leads to its rows. */
export function AccuracyTable({ field: f }: { field: FieldAccuracy }) {
  const name = f.field as DecisionFilter["field"];
  const rows = [...f.classes].sort((a, b) => b.said + b.n - (a.said + a.n));
  return (
    <Panel title={t("accuracy.byValue", { field: word("facet", f.field) })} note={t("accuracy.note")}>
      {rows.length === 0 ? (
        <p className="border-line border-t px-3 py-6 text-center text-fg-2">
          {f.reviewed ? t("accuracy.noClasses") : t("accuracy.nothingYet")}
        </p>
      ) : (
        <ScrollRegion
          label={t("accuracy.byValue", { field: word("facet", f.field) })}
          className="max-h-88 overflow-auto border-line border-t"
        >
          <table className="w-full text-row">
            <thead className="sticky top-0 z-10 bg-surface text-left text-[11px] text-fg-3">
              <tr className="[&>th]:px-2 [&>th]:py-1.5 [&>th]:font-medium [&>th:first-child]:pl-3">
                <th scope="col">{t("accuracy.class")}</th>
                <th scope="col" className="text-right" title={t("accuracy.saidNote")}>
                  {t("accuracy.said")}
                </th>
                <th scope="col" className="text-right" title={t("accuracy.hitNote")}>
                  {t("accuracy.hit")}
                </th>
                <th scope="col" className="text-right" title={t("accuracy.wrongNote")}>
                  {t("accuracy.wrong")}
                </th>
                <th scope="col" className="text-right" title={t("accuracy.missedNote")}>
                  {t("accuracy.missed")}
                </th>
                <th scope="col" title={t("accuracy.precisionNote")}>
                  {t("accuracy.precision")}
                </th>
                <th scope="col" title={t("accuracy.recallNote")}>
                  {t("accuracy.recall")}
                </th>
              </tr>
            </thead>
            <tbody className="[&>tr>*]:border-line [&>tr>*]:border-t [&>tr>*]:px-2 [&>tr>*]:py-1 [&>tr>*:first-child]:pl-3">
              {rows.map((c) => (
                <tr key={c.name}>
                  <th scope="row" className="text-left font-550">
                    {facetWord(f.field, c.name, languageName) || t("common.none")}
                  </th>
                  <td className="num text-right">{number(c.said)}</td>
                  <td className="num text-right">{number(c.hit)}</td>
                  <td className="num text-right">
                    <Rows n={c.said - c.hit} search={{ field: name, wrong: "true", from: c.name }} />
                  </td>
                  <td className="num text-right">
                    <Rows n={c.n - c.hit} search={{ field: name, wrong: "true", to: c.name }} />
                  </td>
                  <td>
                    <Share value={c.precision} />
                  </td>
                  <td>
                    <Share value={c.recall} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  );
}

/** A number that leads to exactly its rows. */
const Rows = ({ n, search }: { n: number; search: DecisionFilter }) =>
  n && (search.from || search.to) ? (
    <Link
      from="/launches/$launchId/decisions"
      to="."
      search={search}
      className="link inline-block min-w-6 text-center"
    >
      {number(n)}
    </Link>
  ) : (
    <span className="inline-block min-w-6 text-center text-fg-3">{number(n)}</span>
  );

const Share = ({ value }: { value: number | undefined }) =>
  value === undefined ? (
    <span className="text-fg-3">–</span>
  ) : (
    <span className="inline-flex items-center gap-2">
      <Bar
        className="max-sm:hidden"
        value={value}
        tone={value >= 0.9 ? "ok" : value >= 0.7 ? "watch" : "degraded"}
      />
      <span className="num min-w-8">{percent(value)}</span>
    </span>
  );
