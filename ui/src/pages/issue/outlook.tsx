import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Outlook } from "@/api/types";
import { t } from "@/i18n";
import { decimal, number } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";

/**
 * What an issue is and what it would be, side by side; one that would be new has no before. What changes is in
 * strong type.
 */
export function BeforeAfter({ before, after, name }: { before?: Outlook; after: Outlook; name: string }) {
  const rows: { label: string; from: ReactNode; to: ReactNode; same: boolean }[] = [
    row(t("issue.reachReports"), before?.reports, after.reports, number),
    row(t("issue.reachPeople"), before?.people, after.people, number),
    {
      label: t("facet.severity"),
      from: before ? <Severity level={before.severity} /> : null,
      to: <Severity level={after.severity} />,
      same: before?.severity === after.severity,
    },
    row(t("issue.priority"), before?.priority, after.priority, decimal),
  ];
  return (
    <table className="w-full table-fixed text-dense">
      <caption className="truncate pb-1 text-left font-medium" title={name}>
        {name}
      </caption>
      <thead className="sr-only">
        <tr>
          <td />
          <th scope="col">{t("preview.before")}</th>
          <td />
          <th scope="col">{t("preview.after")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((r) => (
          <tr key={r.label} className="border-line border-t">
            <th scope="row" className="py-1 pr-3 text-left font-normal text-fg-3">
              {r.label}
            </th>
            <td className="num w-20 py-1 text-right text-fg-2">{r.from}</td>
            <td className="w-8 text-center text-fg-3">
              {before ? <Icon of={ArrowRight} size={12} className="inline" /> : null}
            </td>
            <td className={cx("num w-20 py-1", r.same ? "text-fg-2" : "font-semibold")}>{r.to}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function row(label: string, from: number | undefined, to: number, show: (n: number) => string) {
  return { label, from: from === undefined ? null : show(from), to: show(to), same: from === to };
}
