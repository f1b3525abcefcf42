import { Link } from "@tanstack/react-router";
import type { Alert } from "@/api/types";
import { t } from "@/i18n";
import { decimal } from "@/i18n/format";
import { Drawer } from "@/ui/drawer";
import { Fact, Facts } from "@/ui/panel";
import { Time } from "@/ui/time";
import { AlertState, ownLabels } from "./alert-state";

/** One alert: since when, what its rule said, and what tells it from others. */
export function AlertDrawer({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  return (
    <Drawer
      label={t("alerts.one", { rule: alert.rule })}
      title={
        <h2 data-user="" className="truncate text-body font-semibold">
          {alert.rule}
        </h2>
      }
      onClose={onClose}
    >
      <div className="grid gap-4 p-4">
        <Facts>
          <Fact name={t("alerts.state")}>
            <AlertState state={alert.state} />
          </Fact>
          <Fact name={t("alerts.since")}>
            <Time at={alert.active_at} />
          </Fact>
          {alert.fired_at ? (
            <Fact name={t("alerts.fired")}>
              <Time at={alert.fired_at} />
            </Fact>
          ) : null}
          {alert.resolved_at ? (
            <Fact name={t("alerts.resolved")}>
              <Time at={alert.resolved_at} />
            </Fact>
          ) : null}
          <Fact name={t("alerts.value")}>
            <span className="num">
              {alert.value === undefined ? t("alerts.noNumber") : decimal(alert.value, 4)}
            </span>
          </Fact>
          <Fact name={t("alerts.group")}>
            <Link
              to="/gateway/alerts"
              search={{ tab: "rules", group: alert.group }}
              data-user=""
              className="underline"
            >
              {alert.group}
            </Link>
          </Fact>
        </Facts>
        <Named title={t("alerts.annotations")} list={Object.entries(alert.annotations).sort()} />
        <Named title={t("alerts.labels")} list={ownLabels(alert)} mono />
      </div>
    </Drawer>
  );
}

function Named({ title, list, mono }: { title: string; list: [string, string][]; mono?: boolean }) {
  if (list.length === 0) return null;
  return (
    <section className="grid gap-1">
      <h3 className="text-dense font-semibold">{title}</h3>
      <dl data-user="" className="grid gap-1.5">
        {list.map(([name, value]) => (
          <div key={name} className="grid grid-cols-[minmax(82px,max-content)_minmax(0,1fr)] gap-x-2">
            <dt className="text-dense text-fg-3">{name}</dt>
            <dd className={mono ? "id min-w-0 [overflow-wrap:anywhere]" : "min-w-0 [overflow-wrap:anywhere]"}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
