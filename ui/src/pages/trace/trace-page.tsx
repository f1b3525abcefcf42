import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/error";
import { traceLogsQuery, waterfallQuery } from "@/api/traces";
import type { LogRecord } from "@/api/types";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { clockTo } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Tag, type Tone } from "@/ui/tag";
import { useZone } from "@/ui/time";
import { latency } from "../calls/format";
import { SpanDrawer } from "./span-drawer";
import { notable, shortTrace } from "./spans";
import { Waterfall } from "./waterfall";

const route = getRouteApi("/app/gateway/traces/$traceId");

/** Rows that are drawn before somebody asks for all of them. */
const firstRows = 200;

/** One trace: where its time went, every span, and what services logged meanwhile. */
export default function TracePage() {
  const { traceId } = route.useParams();
  const { span } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, isPending, refetch } = useQuery(waterfallQuery(traceId));
  const logs = useQuery({ ...traceLogsQuery(traceId), enabled: data !== undefined }).data;
  const [all, setAll] = useState(false);
  const unknown = error instanceof ApiError && error.status === 404;
  const open = data?.spans.find((s) => s.span_id === span);
  const show = (id: string | undefined) => void navigate({ search: { span: id }, replace: true });
  const shown = data && !all ? notable(data.spans, firstRows) : data?.spans;
  return (
    <Page
      title={t("traces.title")}
      note={
        <>
          <span data-user="" className="id">
            {shortTrace(traceId)}
          </span>
          {data ? (
            <span className="ml-2">
              {t("traces.note", {
                spans: data.spans.length,
                services: new Set(data.spans.map((s) => s.service)).size,
                took: latency(Math.round(data.duration_ms * 1000)),
              })}
            </span>
          ) : null}
        </>
      }
      drawer={open ? <SpanDrawer span={open} onClose={() => show(undefined)} /> : null}
    >
      {error && !unknown ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {unknown ? (
        <Empty title={t("traces.none")}>
          <p>{t("traces.noneText")}</p>
        </Empty>
      ) : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={8} height={25} />
        </Panel>
      ) : null}
      {data && shown ? (
        <>
          <div className="grid gap-1">
            <p data-user="" className="text-pane font-550">
              {data.sentence}
            </p>
            {data.failure ? (
              <p data-user="" className="text-critical">
                {data.failure}
              </p>
            ) : null}
          </div>
          <Panel title={t("traces.spans")} className="pb-2">
            <div className="px-2">
              <Waterfall
                trace={data}
                spans={shown}
                open={span}
                onOpen={(s) => show(s.span_id === span ? undefined : s.span_id)}
              />
            </div>
            {shown.length < data.spans.length ? (
              <p className="px-3 pt-2">
                <Button size="sm" onClick={() => setAll(true)}>
                  {t("traces.more", { count: data.spans.length - shown.length })}
                </Button>
              </p>
            ) : null}
            {data.cut ? <p className="px-3 pt-2 text-fg-3">{t("traces.cut")}</p> : null}
          </Panel>
          {logs ? <Logs list={logs} /> : null}
        </>
      ) : null}
    </Page>
  );
}

const tones: Record<string, Tone> = { warn: "watch", error: "critical", fatal: "critical" };

function Logs({ list }: { list: LogRecord[] }) {
  const zone = useZone();
  return (
    <Panel title={t("traces.logs")}>
      {list.length === 0 ? <p className="px-3 pb-3 text-fg-3">{t("traces.noLogs")}</p> : null}
      <ol>
        {list.map((l) => (
          <li
            key={l.id}
            className="grid grid-cols-[96px_56px_72px_minmax(0,1fr)] items-baseline gap-x-3 border-line border-t px-3 py-1 text-dense max-sm:grid-cols-[auto_auto_minmax(0,1fr)]"
          >
            <time className="num text-fg-3" dateTime={l.at}>
              {clockTo("millisecond", l.at, zone)}
            </time>
            <span>
              {l.level ? (
                <Tag user tone={tones[l.level] ?? "plain"}>
                  {l.level}
                </Tag>
              ) : null}
            </span>
            <span data-user="" className="min-w-0 truncate text-fg-2">
              {l.service}
            </span>
            <span data-user="" className="id min-w-0 break-words whitespace-pre-wrap max-sm:col-span-3">
              {l.body}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
