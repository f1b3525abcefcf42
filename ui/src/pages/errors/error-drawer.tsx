import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ActionButton } from "@/actions/action-button";
import {
  errorEventQuery,
  errorEventsQuery,
  errorFeedbackQuery,
  errorQuery,
  errorUsersQuery,
} from "@/api/errors";
import type { ErrorDetail, ErrorEvent } from "@/api/types";
import { useLaunch } from "@/app/launch";
import { t, word } from "@/i18n";
import { bytes, compact, number } from "@/i18n/format";
import { Drawer } from "@/ui/drawer";
import { Glyph } from "@/ui/glyph";
import { Fact, Facts } from "@/ui/panel";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time, TimeButton } from "@/ui/time";
import { Crumbs } from "./crumbs";
import { glyphOf } from "./error-row";
import { Stacks } from "./stack";

/** One error: what it is, where it was, what happened before, whom it met and what they said. */
export function ErrorDrawer({
  id,
  event,
  mayWork,
  onClose,
}: {
  id: string;
  /** An event of it other than the newest. */
  event?: string;
  mayWork: boolean;
  onClose: () => void;
}) {
  const { data: e, error, refetch } = useQuery(errorQuery(id));
  const other = useQuery({ ...errorEventQuery(event ?? ""), enabled: event !== undefined });
  const shown = event ? other.data : e?.latest;
  return (
    <Drawer
      label={t("errors.one", { title: e?.title ?? "" })}
      wide
      onClose={onClose}
      title={
        e ? (
          <h2 data-user="" className="line-clamp-2 text-pane font-semibold [overflow-wrap:anywhere]">
            {e.title}
          </h2>
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {e ? (
        <div className="grid grid-cols-1 gap-5 px-4 py-3">
          {mayWork ? (
            <div className="flex flex-wrap gap-2">
              {e.state === "unresolved" ? (
                <>
                  <ActionButton action="error.resolve" look="primary">
                    {t("errors.resolve")}
                  </ActionButton>
                  <ActionButton action="error.ignore">{t("errors.ignore")}</ActionButton>
                </>
              ) : (
                <ActionButton action="error.reopen">{t("errors.reopen")}</ActionButton>
              )}
              {e.issue ? null : <ActionButton action="error.issue">{t("errors.makeIssue")}</ActionButton>}
            </div>
          ) : null}
          <About error={e} />
          {shown ? <OneEvent event={shown} /> : null}
          {!shown && !other.isFetching ? <p className="text-fg-3">{t("errors.gone")}</p> : null}
          <Said id={id} />
          <Affected error={e} />
          <Kept id={id} current={shown?.id} />
          <Tags error={e} />
        </div>
      ) : error ? null : (
        <Skeleton />
      )}
    </Drawer>
  );
}

function About({ error: e }: { error: ErrorDetail }) {
  return (
    <Facts>
      <Fact name={t("errors.state")}>
        <Glyph state={glyphOf(e)} />
        {word("errorState", e.state)}
        {e.resolved_in ? (
          <span data-user="" className="text-fg-3">
            {t("errors.resolvedIn", { release: e.resolved_in })}
          </span>
        ) : null}
        {e.state_by ? <span className="text-fg-3">{t("errors.by", { name: e.state_by })}</span> : null}
        {e.regressions ? <Tag tone="degraded">{t("errors.regressed", { count: e.regressions })}</Tag> : null}
      </Fact>
      {e.issue ? (
        <Fact name={t("errors.issue")}>
          <Link
            to="/launches/$launchId/issues/$issueId"
            params={{ launchId: e.launch_id, issueId: e.issue.key }}
            data-user=""
            className="link min-w-0 truncate"
          >
            {e.issue.key} {e.issue.title}
          </Link>
        </Fact>
      ) : null}
      <Fact name={t("errors.events")}>
        <span className="num">{number(e.events)}</span>
      </Fact>
      <Fact name={t("errors.users")}>
        <span className="num">{number(e.users)}</span>
      </Fact>
      <Fact name={t("errors.first")}>
        <TimeButton at={e.first_at} />
        <span data-user="" className="id text-fg-3">
          {e.first_release}
        </span>
      </Fact>
      <Fact name={t("errors.last")}>
        <TimeButton at={e.last_at} />
        <span data-user="" className="id text-fg-3">
          {e.last_release}
        </span>
      </Fact>
    </Facts>
  );
}

function OneEvent({ event: e }: { event: ErrorEvent }) {
  const body = e.body;
  const user = [e.user.name, e.user.email, e.user.id, e.user.ip].filter(Boolean).join(" · ");
  const named: [string, string | undefined][] = [
    [t("errors.release"), e.release],
    [t("errors.environment"), e.environment],
    [t("errors.person"), user],
    [t("errors.url"), e.url],
    [t("errors.place"), e.transaction],
    [t("errors.request"), e.request_id],
    [t("errors.sdk"), body?.sdk],
  ];
  return (
    <>
      {body?.notes?.map((n) => (
        <p key={n} data-user="" className="rounded-2 bg-watch-soft px-3 py-2 text-dense text-watch">
          {n}
        </p>
      ))}
      {body ? <Stacks body={body} /> : null}
      {body?.message && !body.exceptions?.length ? (
        <p data-user="" className="[overflow-wrap:anywhere]">
          {body.message}
        </p>
      ) : null}
      {body?.breadcrumbs?.length ? <Crumbs list={body.breadcrumbs} /> : null}
      <section className="grid grid-cols-1 gap-1">
        <h3 className="text-body font-semibold">
          {t("errors.event")} <TimeButton at={e.at} />
        </h3>
        <Facts>
          {named.map(([name, value]) =>
            value ? (
              <Fact key={name} name={name}>
                <span data-user="" className="min-w-0 [overflow-wrap:anywhere]">
                  {value}
                </span>
              </Fact>
            ) : null,
          )}
          {e.trace_id ? (
            <Fact name={t("errors.trace")}>
              <span data-user="" className="id min-w-0 truncate">
                {e.trace_id}
              </span>
              <Link to="/gateway/calls" search={{ q: `trace:${e.trace_id}`, range: "24h" }} className="link">
                {t("errors.traceCalls")}
              </Link>
            </Fact>
          ) : null}
          {body?.attachments?.length ? (
            <Fact name={t("errors.files")}>
              {body.attachments.map((f, i) => (
                <a
                  // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
                  key={i}
                  data-user=""
                  className="link"
                  href={`/api/v1/error-events/${e.id}/attachments/${i}`}
                  download={f.name}
                >
                  {f.name} ({bytes(f.size)})
                </a>
              ))}
            </Fact>
          ) : null}
        </Facts>
      </section>
    </>
  );
}

/** Feedback that names the error, also what rules made of it. */
function Said({ id }: { id: string }) {
  const launch = useLaunch();
  const { data } = useQuery(errorFeedbackQuery(id));
  if (!data) return null;
  return (
    <section className="grid grid-cols-1 gap-1">
      <h3 className="text-body font-semibold">{t("errors.said")}</h3>
      {data.length === 0 ? <p className="text-fg-3">{t("errors.saidNone")}</p> : null}
      <ul className="grid grid-cols-1">
        {data.map((f) => (
          <li key={f.id} className="flex min-h-7 min-w-0 items-baseline gap-2 text-dense">
            <Link
              to="/launches/$launchId/feedback"
              params={{ launchId: launch.id }}
              search={{ tab: "all", item: f.id }}
              data-user=""
              className="link min-w-0 flex-1 truncate"
            >
              {f.title || f.snippet}
            </Link>
            <span data-user="" className="max-w-[40%] flex-none truncate text-meta text-fg-3">
              {f.author.name || f.author.email}
            </span>
            <span className="flex-none text-meta text-fg-3">
              <Time at={f.occurred_at} relative />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Affected({ error: e }: { error: ErrorDetail }) {
  const { data } = useQuery({ ...errorUsersQuery(e.id), enabled: e.users > 0 });
  if (!data?.length) return null;
  return (
    <section className="grid grid-cols-1 gap-1">
      <h3 className="text-body font-semibold">{t("errors.affected")}</h3>
      <ul className="grid grid-cols-1">
        {data.map((u) => (
          <li key={u.who} className="flex min-h-6 min-w-0 items-baseline gap-2 text-dense">
            <Link
              to="/launches/$launchId/errors"
              params={{ launchId: e.launch_id }}
              search={{ state: "all", user: u.who.slice(u.who.indexOf(":") + 1) }}
              data-user=""
              className="link min-w-0 flex-1 truncate"
            >
              {u.label}
            </Link>
            <span className="num flex-none text-meta text-fg-3">{compact(u.events)}</span>
            <span className="flex-none text-meta text-fg-3">
              <Time at={u.last_at} relative />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Kept({ id, current }: { id: string; current: string | undefined }) {
  const launch = useLaunch();
  const { data } = useQuery(errorEventsQuery(id));
  if (!data || data.length < 2) return null;
  return (
    <section className="grid grid-cols-1 gap-1">
      <h3 className="text-body font-semibold">{t("errors.kept")}</h3>
      <ul className="grid grid-cols-1">
        {data.map((e) => (
          <li key={e.id} className="flex min-h-6 min-w-0 items-baseline gap-2 text-dense">
            <Link
              to="/launches/$launchId/errors"
              params={{ launchId: launch.id }}
              from="/launches/$launchId/errors"
              search={(s) => ({ ...s, error: id, event: e.id })}
              replace
              aria-current={e.id === current ? "true" : undefined}
              className="link flex-none aria-[current]:font-semibold"
            >
              <Time at={e.at} />
            </Link>
            <span data-user="" className="min-w-0 flex-1 truncate text-fg-2">
              {e.title}
            </span>
            <span data-user="" className="id flex-none text-fg-3">
              {e.release}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The commonest values of each tag; those of release and environment filter the list. */
function Tags({ error: e }: { error: ErrorDetail }) {
  if (e.tags.length === 0) return null;
  return (
    <section className="grid grid-cols-1 gap-1">
      <h3 className="text-body font-semibold">{t("errors.tags")}</h3>
      <Facts>
        {e.tags.map((tag) => (
          <Fact key={tag.name} name={tag.name}>
            {tag.values.slice(0, 5).map((v) => {
              const share = `${v.value} ${Math.round((100 * v.events) / Math.max(1, e.events))} %`;
              return tag.name === "release" || tag.name === "environment" ? (
                <Link
                  key={v.value}
                  to="/launches/$launchId/errors"
                  params={{ launchId: e.launch_id }}
                  search={{ state: "all", [tag.name]: v.value }}
                  className="link"
                  data-user=""
                >
                  {share}
                </Link>
              ) : (
                <Tag key={v.value} user>
                  {share}
                </Tag>
              );
            })}
          </Fact>
        ))}
      </Facts>
    </section>
  );
}
