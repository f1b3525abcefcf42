import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, ExternalLink } from "lucide-react";
import { useState } from "react";
import { alertGroupApi, alertGroupQuery } from "@/api/alert-groups";
import { launchQuery } from "@/api/launches";
import type { AlertGroup, OutsideAlert } from "@/api/types";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Drawer } from "@/ui/drawer";
import { Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Fact, Facts } from "@/ui/panel";
import { Failure, FormError, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { GroupState } from "./group-state";

/** One group: how it is, its report, and its alerts. */
export function OutsideDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const group = useQuery(alertGroupQuery(id));
  const [asking, ask] = useState(false);
  const mayResolve = useMe().permissions.includes("work_feedback");
  const g = group.data;
  const own = differing(g?.alerts ?? []);
  return (
    <Drawer
      label={t("outside.one", { title: g?.title ?? "" })}
      title={
        <h2 data-user="" className="truncate text-body font-semibold">
          {g?.title}
        </h2>
      }
      onClose={onClose}
    >
      <div className="grid grid-cols-1 gap-4 p-4">
        {group.error ? <Failure error={group.error} onRetry={() => void group.refetch()} /> : null}
        {group.isPending ? <Skeleton rows={6} className="!p-0" /> : null}
        {g ? (
          <>
            <GroupFacts group={g} />
            {mayResolve && g.open > 0 ? (
              <Button icon={CircleCheck} className="justify-self-start" onClick={() => ask(true)}>
                {t("outside.resolve")}
              </Button>
            ) : null}
            <section className="grid grid-cols-1 gap-1.5">
              <h3 className="text-dense font-semibold">{t("outside.alerts")}</h3>
              {g.alerts && g.alerts.length < g.total ? (
                <p className="text-meta text-fg-3">
                  {t("outside.newest", { shown: number(g.alerts.length), total: number(g.total) })}
                </p>
              ) : null}
              <ul className="grid grid-cols-1">
                {g.alerts?.map((a) => (
                  <OneAlert key={a.id} alert={a} own={own} />
                ))}
              </ul>
            </section>
          </>
        ) : null}
      </div>
      {g && asking ? <ResolveDialog group={g} onClose={() => ask(false)} /> : null}
    </Drawer>
  );
}

function GroupFacts({ group: g }: { group: AlertGroup }) {
  const launch = useQuery(launchQuery(g.launch_id)).data;
  const params = { launchId: g.launch_id };
  return (
    <Facts>
      <Fact name={t("alerts.state")}>
        <GroupState state={g.state} />
      </Fact>
      <Fact name={t("outside.severity")}>
        <Severity level={g.severity} long />
      </Fact>
      <Fact name={t("outside.from")}>{word("channel", g.kind)}</Fact>
      {g.service ? (
        <Fact name={t("outside.service")}>
          <span data-user="">{g.service}</span>
        </Fact>
      ) : null}
      <Fact name={t("outside.open")}>
        <span className="num">{t("outside.count", { open: number(g.open), total: number(g.total) })}</span>
      </Fact>
      <Fact name={t("alerts.since")}>
        <Time at={g.started_at} />
      </Fact>
      {g.ended_at ? (
        <Fact name={t("alerts.resolved")}>
          <Time at={g.ended_at} />
        </Fact>
      ) : null}
      <Fact name={t("outside.launch")}>
        <Link to="/launches/$launchId" params={params} data-user="" className="link">
          {launch?.name ?? "…"}
        </Link>
      </Fact>
      {g.feedback_id ? (
        <Fact name={t("outside.report")}>
          <Link
            to="/launches/$launchId/feedback"
            params={params}
            search={{ tab: "all", item: g.feedback_id }}
            className="link"
          >
            {t("outside.toReport")}
          </Link>
        </Fact>
      ) : null}
      {g.url && /^https?:/.test(g.url) ? (
        <Fact name={t("outside.source")}>
          <a href={g.url} target="_blank" rel="noreferrer" className="link inline-flex items-center gap-1">
            {t("outside.toSource")}
            <Icon of={ExternalLink} size={12} />
          </a>
        </Fact>
      ) : null}
    </Facts>
  );
}

/** The labels whose values tell the alerts of a group apart, three at most. */
function differing(alerts: OutsideAlert[]): string[] {
  const [first, ...others] = alerts;
  if (!first || others.length === 0) return [];
  return Object.keys(first.labels)
    .sort()
    .filter((name) => others.some((a) => a.labels[name] !== first.labels[name]))
    .slice(0, 3);
}

/** One alert; its labels open on demand, so that 200 of them are drawn at once. */
function OneAlert({ alert: a, own }: { alert: OutsideAlert; own: string[] }) {
  const apart = own.map((name) => a.labels[name]).filter(Boolean);
  const labels = Object.entries(a.labels).sort(([x], [y]) => x.localeCompare(y));
  return (
    <li className="border-line py-1.5 not-first:border-t [contain-intrinsic-size:auto_44px] [content-visibility:auto]">
      <details>
        <summary className="grid cursor-pointer grid-cols-[96px_minmax(0,1fr)_auto] items-center gap-x-2 text-row">
          <GroupState state={a.state} />
          <span data-user="" className="truncate">
            {a.title}
            {apart.length ? <span className="text-fg-2"> {apart.join(" · ")}</span> : null}
          </span>
          <span className="text-meta text-fg-2">
            <Time at={a.started_at} relative />
          </span>
        </summary>
        <div className="grid gap-1.5 pt-1.5 pl-3" data-user="">
          {a.text ? (
            <p className="whitespace-pre-wrap text-dense [overflow-wrap:anywhere]">{a.text}</p>
          ) : null}
          <dl className="grid gap-1">
            {labels.map(([name, value]) => (
              <div key={name} className="grid grid-cols-[minmax(82px,max-content)_minmax(0,1fr)] gap-x-2">
                <dt className="text-dense text-fg-3">{name}</dt>
                <dd className="id min-w-0 [overflow-wrap:anywhere]">{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      </details>
    </li>
  );
}

function ResolveDialog({ group, onClose }: { group: AlertGroup; onClose: () => void }) {
  const cache = useQueryClient();
  const resolve = useMutation({
    mutationFn: () => alertGroupApi.resolve(group.id),
    onSuccess: (now) => {
      cache.setQueryData(alertGroupQuery(group.id).queryKey, now);
      toasts.show(t("outside.resolved"));
      onClose();
      return cache.invalidateQueries({ queryKey: ["alert-groups"] });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("outside.resolveAsk", { count: group.open })}
      note={t("outside.resolveNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" disabled={resolve.isPending} onClick={() => resolve.mutate()}>
            {t("outside.resolve")}
          </Button>
        </>
      }
    >
      <FormError error={resolve.error} />
    </Dialog>
  );
}
