import { Link } from "@tanstack/react-router";
import type { SpanNode } from "@/api/types";
import { t } from "@/i18n";
import { clockTo, date } from "@/i18n/format";
import { Drawer } from "@/ui/drawer";
import { Fact, Facts } from "@/ui/panel";
import { Tag } from "@/ui/tag";
import { useZone } from "@/ui/time";
import { latency } from "../calls/format";

const ms = (v: number): string => latency(Math.round(v * 1000));

const shown = (v: unknown): string => (typeof v === "string" ? v : JSON.stringify(v));

const entries = (v: unknown): [string, string][] =>
  v && typeof v === "object" ? Object.entries(v).map(([k, x]) => [k, shown(x)]) : [];

/** One span: whose it is, how it ended, and everything that its service said of it. */
export function SpanDrawer({ span: s, onClose }: { span: SpanNode; onClose: () => void }) {
  const zone = useZone();
  const rows: [string, React.ReactNode][] = [
    [t("traces.service"), <b key="s">{s.service}</b>],
    [t("traces.kind"), s.kind],
    [t("traces.start"), `${date(s.start, zone)}, ${clockTo("millisecond", s.start, zone)}`],
    [
      t("traces.took"),
      <span key="t" className="num">
        {ms(s.duration_ms)}
      </span>,
    ],
    [
      t("traces.self"),
      <span key="e" className="num" title={t("traces.selfText")}>
        {ms(s.self_ms)}
      </span>,
    ],
    [t("traces.route"), s.route ? `${s.method ?? ""} ${s.route}` : undefined],
    [t("traces.status"), s.http_status || undefined],
    [t("traces.user"), s.user],
    [t("traces.session"), s.session],
    [t("traces.release"), s.release],
    [t("traces.environment"), s.environment],
    [
      t("traces.id"),
      <span key="i" className="id">
        {s.span_id}
      </span>,
    ],
  ];
  return (
    <Drawer
      label={t("traces.span", { name: s.name })}
      onClose={onClose}
      title={
        <h2 data-user="" className="id truncate text-body font-semibold" title={s.name}>
          {s.name}
        </h2>
      }
    >
      <div key={s.span_id} className="grid grid-cols-1 gap-5 px-4 py-3">
        {s.status === "error" ? (
          <p className="flex flex-wrap items-baseline gap-2 text-dense text-critical">
            <Tag tone="critical">{t("traces.failed")}</Tag>
            <span data-user="">{[s.error, s.message].filter(Boolean).join(": ")}</span>
          </p>
        ) : null}
        <Facts>
          {rows.map(([name, value]) =>
            value === undefined || value === "" ? null : (
              <Fact key={name} name={name}>
                <span data-user="" className="min-w-0 break-words">
                  {value}
                </span>
              </Fact>
            ),
          )}
        </Facts>
        {s.call_id ? (
          <Link to="/gateway/calls" search={{ call: s.call_id }} className="link text-dense">
            {t("traces.call")}
          </Link>
        ) : null}
        <Named title={t("traces.attributes")} list={entries(s.attrs)} />
        {s.events?.length ? (
          <section className="grid grid-cols-1 gap-2">
            <h3 className="text-body font-semibold">{t("traces.events")}</h3>
            {s.events.map((e) => (
              <div key={`${e.at} ${e.name}`} className="grid grid-cols-1 gap-1 text-dense">
                <span className="flex gap-2">
                  <time className="num text-fg-3" dateTime={e.at}>
                    {clockTo("millisecond", e.at, zone)}
                  </time>
                  <span data-user="">{e.name}</span>
                </span>
                <Named list={entries(e.attrs)} />
              </div>
            ))}
          </section>
        ) : null}
      </div>
    </Drawer>
  );
}

/** Names with what they say; a text of several lines, such as a stack, stands as it is. */
function Named({ title, list }: { title?: string; list: [string, string][] }) {
  if (list.length === 0) return null;
  return (
    <section className="grid grid-cols-1 gap-1">
      {title ? <h3 className="text-body font-semibold">{title}</h3> : null}
      <dl className="grid grid-cols-1 gap-1 text-dense">
        {list.map(([name, value]) => (
          <div key={name} className="grid grid-cols-1">
            <dt data-user="" className="text-meta text-fg-3">
              {name}
            </dt>
            <dd data-user="" className="id min-w-0 break-words whitespace-pre-wrap">
              {value}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
