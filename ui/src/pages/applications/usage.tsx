import { useQuery } from "@tanstack/react-query";
import { plansQuery, usageQuery } from "@/api/plans";
import type { Application } from "@/api/types";
import { Trans, t } from "@/i18n";
import { number } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Failure } from "@/ui/states";
import { Time } from "@/ui/time";
import { type Standing, standings } from "./plans";

/** What an application has used of the quotas that count it. */
export function Usage({ application: app }: { application: Application }) {
  const { data, error, refetch } = useQuery(usageQuery(app.id));
  const plan = useQuery(plansQuery).data?.find((p) => p.name === app.plan);
  const list = data ? standings(plan, data) : [];
  return (
    <section className="grid gap-1.5">
      <h3 className="text-body font-semibold">{t("usage.title")}</h3>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {data && list.length === 0 ? <p className="text-fg-2">{t("usage.none")}</p> : null}
      <ul className="grid">
        {list.map((s) => (
          <li
            key={`${s.quota} ${s.subject} ${s.ends}`}
            className="flex min-h-9 flex-wrap items-center gap-x-2 border-line border-t py-1"
          >
            <span className="min-w-0 flex-1 truncate font-550">
              <QuotaName standing={s} app={app} />
            </span>
            {s.most ? <Bar value={s.used / s.most} tone={s.used >= s.most ? "critical" : "accent"} /> : null}
            <span className="num text-meta text-fg-2">
              {s.most === undefined
                ? t("usage.used", { used: number(s.used) })
                : t("usage.of", { used: number(s.used), count: number(s.most) })}
            </span>
            {s.ends ? (
              <span className="text-meta text-fg-3">
                <Trans k="usage.ends" values={{ time: <Time at={s.ends} /> }} />
              </span>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function QuotaName({ standing: s, app }: { standing: Standing; app: Application }) {
  if (s.per) return t(`usage.${s.per}`);
  const key = app.keys.find((k) => s.subject === `key ${k.id}`);
  return <span data-user="">{key ? t("usage.key", { quota: s.quota, prefix: key.prefix }) : s.quota}</span>;
}
