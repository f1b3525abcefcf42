import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, Terminal } from "lucide-react";
import { ActionButton, ActionIconButton } from "@/actions/action-button";
import { callQuery } from "@/api/calls";
import type { Call } from "@/api/types";
import { t, word } from "@/i18n";
import { bytes, clockTo, date } from "@/i18n/format";
import { Drawer } from "@/ui/drawer";
import { Glyph } from "@/ui/glyph";
import { Fact, Facts } from "@/ui/panel";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { useZone } from "@/ui/time";
import { routeName } from "../gateway/figures";
import { TracePart } from "../trace/trace-part";
import { latency, stateOfStatus } from "./format";
import { Payload } from "./payload";
import { quote } from "./query";
import { Waterfall } from "./waterfall";

/** One call: how it ended, where its time went, who called, what was said, and what belongs to it. */
export function CallDrawer({
  id,
  known,
  onFilter,
  onClose,
}: {
  id: string;
  /** The call where the list has it already. */
  known: Call | undefined;
  onFilter: (token: string) => void;
  onClose: () => void;
}) {
  const { data, error, refetch } = useQuery({ ...callQuery(id), enabled: known === undefined });
  const c = known ?? data;
  const zone = useZone();
  return (
    <Drawer
      label={t("calls.one")}
      onClose={onClose}
      title={
        c ? (
          <span className="grid">
            <h2 className="flex min-w-0 items-center gap-1.5 text-body font-semibold">
              <Glyph state={stateOfStatus(c.status)} />
              <span className="num">{c.status ?? t("calls.noStatus")}</span>
              <span data-user="" className="id min-w-0 truncate" title={c.path}>
                {c.method} {c.path}
              </span>
            </h2>
            <span className="num text-meta text-fg-3">
              {date(c.at, zone)}, <time dateTime={c.at}>{clockTo("millisecond", c.at, zone)}</time>
            </span>
          </span>
        ) : null
      }
      actions={
        <>
          <ActionIconButton action="list.previous" label={t("action.previous")} icon={ChevronUp} />
          <ActionIconButton action="list.next" label={t("action.next")} icon={ChevronDown} />
          <ActionButton action="calls.curl" size="sm" icon={Terminal}>
            {t("calls.curl")}
          </ActionButton>
        </>
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {!c && !error ? <Skeleton rows={10} /> : null}
      {c ? (
        <div key={c.id} className="grid grid-cols-1 gap-5 px-4 py-3">
          <Outcome call={c} />
          <Section title={t("calls.timing")}>
            <Waterfall call={c} />
          </Section>
          <Section title={t("calls.facts")}>
            <CallFacts call={c} onFilter={onFilter} />
          </Section>
          <Section title={t("calls.payload")}>
            <Payload call={c} />
          </Section>
          <Section title={t("calls.trace")}>{c.trace ? <TracePart id={c.trace} /> : null}</Section>
        </div>
      ) : null}
    </Drawer>
  );
}

function Section({
  title,
  more,
  children,
}: {
  title: string;
  more?: React.ReactNode;
  children: React.ReactNode;
}) {
  return (
    <section className="grid grid-cols-1 gap-2">
      <h3 className="flex flex-wrap items-baseline gap-x-2 text-body font-semibold">
        {title}
        {more ? <span className="min-w-0 truncate text-meta font-normal">{more}</span> : null}
      </h3>
      {children}
    </section>
  );
}

/** Why the gateway itself answered, in a sentence; nothing where the upstream did. */
function Outcome({ call: c }: { call: Call }) {
  if (!c.error && !c.limit && !c.cache) return null;
  return (
    <div className="flex flex-wrap items-center gap-2 text-dense">
      {c.error ? <Tag tone="critical">{word("refusal", c.error)}</Tag> : null}
      {c.policy ? (
        <span className="text-fg-2">
          {t("calls.byPolicy")} <span data-user="">{c.policy}</span>
        </span>
      ) : null}
      {c.limit ? (
        <span className="text-fg-2">
          {t("calls.overLimit")} <span data-user="">{c.limit}</span>
        </span>
      ) : null}
      {c.cache ? (
        <Tag user tone="accent">
          {c.cache}
        </Tag>
      ) : null}
    </div>
  );
}

/** Everything that is known of a call; a press on a value filters by it. */
function CallFacts({ call: c, onFilter }: { call: Call; onFilter: (token: string) => void }) {
  const by = (name: string, value: string | number | undefined, shown?: string) =>
    value === undefined || value === "" ? null : (
      <button
        type="button"
        data-user=""
        title={t("calls.filterBy", { token: `${name}:${value}` })}
        onClick={() => onFilter(`${name}:${quote(String(value))}`)}
        className="id max-w-full truncate rounded-1 text-left underline decoration-line-strong decoration-dotted underline-offset-3 hover:text-accent-text pointer-coarse:min-h-10"
      >
        {shown ?? value}
      </button>
    );
  const rows: [string, React.ReactNode][] = [
    [
      t("apis.route"),
      c.route ? (
        <>
          {by("route", c.route)}
          <Link
            to="/gateway/routes"
            search={{ route: routeName({ api: c.api ?? "", version: c.version, route: c.route }) }}
            className="link text-meta"
          >
            {t("calls.openRoute")}
          </Link>
        </>
      ) : null,
    ],
    [
      t("calls.api"),
      c.api ? (
        <>
          {by("api", c.api)}
          {by("version", c.version)}
        </>
      ) : null,
    ],
    [t("calls.operation"), by("operation", c.operation)],
    [t("calls.host"), by("host", c.host)],
    [t("calls.queryKeys"), by("query", c.query)],
    [t("apis.upstream"), by("upstream", c.upstream)],
    [t("calls.tries"), (c.attempts ?? 0) > 1 ? t("calls.attempts", { count: c.attempts ?? 0 }) : null],
    [t("calls.application"), by("app", c.application)],
    [t("calls.key"), by("key", c.key, c.key ? `${c.key}…` : undefined)],
    [t("calls.user"), by("user", c.user)],
    [t("calls.session"), by("session", c.session)],
    [t("calls.client"), by("ip", c.client)],
    [t("calls.agent"), by("agent", c.agent)],
    [
      t("calls.inOut"),
      <span key="bytes" className="num">
        {bytes(c.bytes_in ?? 0)} / {bytes(c.bytes_out ?? 0)}
      </span>,
    ],
    [
      t("calls.latency"),
      <span key="latency" className="num">
        {latency(c.latency_us ?? 0)}
      </span>,
    ],
    [t("calls.protocol"), by("protocol", c.protocol)],
    [t("calls.release"), by("release", c.release)],
    [t("calls.node"), by("node", c.node)],
    [t("calls.id"), by("id", c.id)],
  ];
  return (
    <Facts>
      {rows.map(([name, value]) =>
        value ? (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ) : null,
      )}
    </Facts>
  );
}
