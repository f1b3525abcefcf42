import type { Call } from "@/api/types";
import { t, word } from "@/i18n";
import { percent } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { latency } from "./format";
import { longest, type Span, spansOf } from "./timing";

const fills: Record<Span["kind"], string> = {
  gateway: "bg-idle-fill",
  try: "bg-critical-fill",
  wait: "bg-s1",
  body: "bg-s2",
};

const ms = (v: number): string => latency(Math.round(v * 1000));

/** Where the time of a call went, one bar below the other, and in a sentence what took most of it. */
export function Waterfall({ call }: { call: Call }) {
  const spans = spansOf(call);
  const total = Math.max((call.latency_us ?? 0) / 1000, 0.001);
  const most = longest(spans);
  const share = most ? (most.to - most.from) / total : 0;
  return (
    <div className="grid gap-1.5">
      {most && share >= 0.5 ? (
        <p className="text-dense text-fg-2">{t(`span.most.${most.kind}`, { share: percent(share) })}</p>
      ) : null}
      <ol className="grid gap-1">
        {spans.map((s) => (
          <li
            key={`${s.kind} ${s.from}`}
            className="grid grid-cols-[minmax(0,132px)_minmax(0,1fr)_64px] items-center gap-x-3 text-dense"
          >
            <span className="min-w-0 truncate text-fg-2">
              {s.try ? (
                <span data-user="" className="id" title={s.try.upstream}>
                  {s.try.upstream}
                </span>
              ) : (
                t(`span.${s.kind}`)
              )}
            </span>
            <span className="bar-track relative h-2 rounded-[2px] bg-canvas">
              <span
                className={cx("bar-fill absolute inset-y-0 min-w-[2px] rounded-[2px]", fills[s.kind])}
                style={{
                  left: `${Math.min(99.5, (s.from / total) * 100)}%`,
                  width: `${Math.min(100, ((s.to - s.from) / total) * 100)}%`,
                }}
              />
            </span>
            <span className="num text-right text-meta">{ms(s.to - s.from)}</span>
            {s.try ? (
              <span className="col-start-2 text-meta text-critical">
                {s.try.why === "status" ? t("span.status") : word("refusal", s.try.why)}
              </span>
            ) : null}
          </li>
        ))}
        <li className="grid grid-cols-[minmax(0,132px)_minmax(0,1fr)_64px] gap-x-3 border-line border-t pt-1 text-dense">
          <span className="text-fg-2">{t("span.total")}</span>
          <span />
          <span className="num text-right text-meta font-550">{ms(total)}</span>
        </li>
      </ol>
    </div>
  );
}
