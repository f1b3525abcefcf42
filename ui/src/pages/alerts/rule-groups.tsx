import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRowKeys } from "@/actions/use-row-keys";
import { ruleGroupsQuery } from "@/api/alerts";
import type { RuleGroup } from "@/api/types";
import { Trans, t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { Glyph } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";

/** The groups of recording and alert rules, and whether they can be evaluated. */
export function RuleGroups({ mayChange }: { mayChange: boolean }) {
  const { data, error, isPending, refetch } = useQuery(ruleGroupsQuery);
  useRowKeys(data?.length ?? 0);
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={4} height={44} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("groups.none")}
          action={
            mayChange ? (
              <Link
                to="/gateway/alerts"
                search={{ tab: "rules", group: newGroup }}
                className={buttonClass("primary")}
              >
                {t("groups.new")}
              </Link>
            ) : null
          }
        >
          <p>{t("groups.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <ul aria-label={t("alerts.rules")}>
            {data.map((g) => (
              <Row key={g.name} group={g} />
            ))}
          </ul>
        </Panel>
      ) : null}
    </>
  );
}

/** Stands in the address for a group that is not saved yet: no group can be named so. */
export const newGroup = "/";

function Row({ group }: { group: RuleGroup }) {
  const faults = Object.entries(group.faults ?? {});
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 border-line px-3 py-2 text-row not-first:border-t hover:bg-hover md:grid-cols-[minmax(0,2fr)_minmax(0,2fr)_minmax(0,2fr)]">
      <Link
        to="/gateway/alerts"
        search={{ tab: "rules", group: group.name }}
        data-list-row=""
        data-user=""
        className="truncate font-550 after:absolute after:inset-0"
      >
        {group.name}
      </Link>
      <span className="text-meta text-fg-2">
        {[
          t("groups.alerting", { count: group.alerting }),
          t("groups.recording", { count: group.recording }),
          t("groups.every", { seconds: group.interval_s }),
        ].join(" · ")}
      </span>
      <span className="text-right text-meta text-fg-3 max-md:hidden">
        <Trans
          k="groups.changed"
          values={{
            name: (
              <span key="name" data-user="">
                {group.updated_by}
              </span>
            ),
            time: <Time key="time" at={group.updated_at} relative />,
          }}
        />
      </span>
      {faults.map(([rule, why]) => (
        <p key={rule} className="col-span-full flex items-start gap-1.5 text-meta text-critical">
          <span className="mt-1">
            <Glyph state="critical" />
          </span>
          <span className="min-w-0 [overflow-wrap:anywhere]">
            {t("groups.fails", { rule })} <span data-user="">{why}</span>
          </span>
        </p>
      ))}
    </li>
  );
}
