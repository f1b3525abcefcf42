import { useQuery } from "@tanstack/react-query";
import { Check } from "lucide-react";
import { rolesQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { ScrollRegion } from "@/ui/scroll-region";

/** What each role may do, as the server knows it. */
export function Roles() {
  const { data } = useQuery(rolesQuery);
  if (!data?.length) return null;
  const permissions = [...new Set(data.flatMap((r) => r.permissions))];
  return (
    <Panel title={t("roles.title")} note={t("roles.note")}>
      <ScrollRegion label={t("roles.title")} className="overflow-x-auto border-line border-t">
        <table className="w-full text-row">
          <thead className="text-[11px] text-fg-3">
            <tr className="[&>th]:px-2 [&>th]:py-1.5 [&>th]:font-medium [&>th:first-child]:pl-3">
              <th scope="col" className="text-left">
                {t("roles.may")}
              </th>
              {data.map((r) => (
                <th key={r.role} scope="col" title={word("roleNote", r.role)}>
                  {word("role", r.role)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {permissions.map((p) => (
              <tr key={p} className="[&>*]:border-line [&>*]:border-t [&>*]:px-2 [&>*]:py-1 [&>th]:pl-3">
                <th scope="row" className="min-w-44 text-left font-normal">
                  {word("permission", p)}
                </th>
                {data.map((r) => (
                  <td key={r.role} className="text-center">
                    {r.permissions.includes(p) ? (
                      <>
                        <Icon of={Check} size={14} className="mx-auto" />
                        <span className="sr-only">{t("roles.yes")}</span>
                      </>
                    ) : (
                      <>
                        <span aria-hidden="true" className="text-fg-3">
                          –
                        </span>
                        <span className="sr-only">{t("roles.no")}</span>
                      </>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  );
}
