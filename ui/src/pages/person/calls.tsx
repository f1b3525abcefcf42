import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { personCallsQuery } from "@/api/people";
import type { Person } from "@/api/types";
import { t } from "@/i18n";
import { Panel } from "@/ui/panel";
import { RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { ownCalls } from "./query";

/** The calls of a person that failed last, and the way to all of them. */
export function FailedCalls({ person: p }: { person: Person }) {
  const q = ownCalls(p.identities);
  const { data, isPending, error } = useQuery({ ...personCallsQuery(p.id), enabled: q !== undefined });
  if (error) return null; // this node keeps no calls
  return (
    <Panel
      title={t("person.calls")}
      actions={
        q ? (
          <Link to="/gateway/calls" search={{ q, range: "7d" }} className="link text-dense">
            {t("person.allCalls")}
          </Link>
        ) : null
      }
    >
      {q === undefined ? <p className="px-3 pb-3 text-fg-2">{t("person.unknownCalls")}</p> : null}
      {q !== undefined && isPending ? <RowsSkeleton rows={3} /> : null}
      {data?.length === 0 ? <p className="px-3 pb-3 text-fg-2">{t("person.noCalls")}</p> : null}
      <ul aria-label={t("person.calls")}>
        {data?.map((c) => (
          <li
            key={c.id}
            className="relative flex min-h-9 items-center gap-3 border-line border-t px-3 text-row hover:bg-hover"
          >
            <Tag tone={(c.status ?? 0) >= 500 ? "critical" : "watch"}>{c.status}</Tag>
            <Link
              to="/gateway/calls"
              search={{ q, range: "7d", call: c.id }}
              data-user=""
              className="min-w-0 flex-1 truncate font-mono text-dense after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
            >
              {c.method} {c.path}
            </Link>
            <span className="text-meta text-fg-3">
              <Time at={c.at} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
