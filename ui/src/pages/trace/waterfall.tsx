import type { SpanNode, SpanTrace } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { barOf, fillOf, fillsOf, took } from "./spans";

const row =
  "grid w-full min-h-6 grid-cols-[72px_minmax(0,1fr)_minmax(0,1fr)_64px] items-center gap-x-3 rounded-1 px-1 text-left text-dense max-sm:grid-cols-[minmax(0,1fr)_minmax(0,96px)_56px]";

/** The spans of a trace on one axis of time: whose each is, what it is part of, and how long it took. */
export function Waterfall({
  trace,
  spans = trace.spans,
  open,
  onOpen,
}: {
  trace: SpanTrace;
  /** Those of them that are shown. */
  spans?: SpanNode[];
  open?: string;
  onOpen?: (span: SpanNode) => void;
}) {
  const fills = fillsOf(trace.spans);
  return (
    <ol className="grid gap-px">
      {spans.map((s) => {
        const cells = <Cells span={s} trace={trace} fill={fillOf(s, fills)} />;
        return (
          <li key={`${s.span_id} ${s.call_id ?? ""}`}>
            {onOpen ? (
              <button
                type="button"
                aria-current={s.span_id === open ? "true" : undefined}
                onClick={() => onOpen(s)}
                className={cx(
                  row,
                  "hover:bg-hover pointer-coarse:min-h-10",
                  s.span_id === open && "bg-selected hover:bg-selected",
                )}
              >
                {cells}
              </button>
            ) : (
              <div className={row}>{cells}</div>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Cells({ span: s, trace, fill }: { span: SpanNode; trace: SpanTrace; fill: string }) {
  const failed = s.status === "error";
  return (
    <>
      <span data-user="" className="min-w-0 truncate text-fg-2 max-sm:sr-only" title={s.service}>
        {s.service}
      </span>
      <span
        data-user=""
        className={cx("id min-w-0 truncate", failed && "text-critical")}
        style={{ paddingLeft: Math.min(s.depth, 8) * 10 }}
        title={`${s.name}${s.message ? `: ${s.message}` : ""}`}
      >
        {s.name}
      </span>
      <span className="bar-track relative h-2">
        <span
          className={cx("bar-fill absolute inset-y-0 min-w-[2px] rounded-[2px]", fill)}
          style={barOf(s, trace)}
        />
        {failed || s.slowest ? (
          <span className="sr-only">
            {[failed ? t("traces.failed") : "", s.slowest ? t("traces.slowest") : ""]
              .filter(Boolean)
              .join(", ")}
          </span>
        ) : null}
      </span>
      <span className={cx("num text-right text-meta", failed ? "font-550 text-critical" : "text-fg-2")}>
        {took(s.duration_ms)}
      </span>
    </>
  );
}
