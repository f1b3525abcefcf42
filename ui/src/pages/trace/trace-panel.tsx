import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ApiError } from "@/api/error";
import { waterfallQuery } from "@/api/traces";
import { t } from "@/i18n";
import { Failure, Skeleton } from "@/ui/states";
import { notable, shortTrace } from "./spans";
import { Waterfall } from "./waterfall";

/** Rows that there is room for beside something else. */
const room = 12;

/** A trace in short, wherever one belongs: where the time went in a sentence, and the spans that matter. */
export function TracePanel({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useQuery(waterfallQuery(id));
  if (error instanceof ApiError && error.status === 404)
    return <p className="text-fg-3">{t("traces.alone")}</p>;
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Skeleton rows={4} className="!p-0" />;
  const shown = notable(data.spans, room);
  return (
    <div className="grid grid-cols-1 gap-1.5">
      <p className="flex flex-wrap items-baseline gap-x-2 text-dense">
        <Link
          to="/gateway/traces/$traceId"
          params={{ traceId: id }}
          className="link"
          title={t("traces.open")}
        >
          {t("traces.title")} <span className="id">{shortTrace(id)}</span>
        </Link>
        <span data-user="" className="ml-auto text-fg-2">
          {data.sentence}
        </span>
      </p>
      <Waterfall trace={data} spans={shown} />
      {shown.length < data.spans.length ? (
        <Link to="/gateway/traces/$traceId" params={{ traceId: id }} className="link text-meta">
          {t("traces.more", { count: data.spans.length - shown.length })}
        </Link>
      ) : null}
      {data.failure ? (
        <p data-user="" className="text-dense text-critical">
          {data.failure}
        </p>
      ) : null}
    </div>
  );
}

export default TracePanel;
