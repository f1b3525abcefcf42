import type { Accuracy } from "@/api/types";
import { t } from "@/i18n";
import { date, number, percent } from "@/i18n/format";
import { Panel } from "@/ui/panel";
import { everyDay, rightLine } from "./days";

/** How right triage was, day by day, over what people looked at. */
export function OverTime({ field, since }: { field: Accuracy["fields"][number]; since: string }) {
  const days = everyDay(field.days, since, new Date().toISOString().slice(0, 10));
  const most = Math.max(1, ...days.map((d) => d.reviewed));
  const shown = days.filter((d) => d.reviewed > 0);
  return (
    <Panel title={t("accuracy.overTime")} note={t("accuracy.overTimeNote")} className="flex flex-col">
      {shown.length === 0 ? (
        <p className="border-line border-t px-3 py-6 text-center text-fg-2">{t("accuracy.nothingYet")}</p>
      ) : (
        <figure className="m-0 flex min-h-52 flex-1 flex-col gap-1 border-line border-t px-3 pt-4 pb-2">
          <div className="grid min-h-0 flex-1 grid-cols-[34px_minmax(0,1fr)] grid-rows-[minmax(0,1fr)_auto] gap-x-2">
            <div
              aria-hidden="true"
              className="num grid content-between justify-items-end text-axis text-fg-3 *:leading-[0]"
            >
              <span>{percent(1)}</span>
              <span>{percent(0.5)}</span>
              <span>{percent(0)}</span>
            </div>
            <div
              aria-hidden="true"
              className="relative border-line border-t border-b [background:linear-gradient(var(--line),var(--line))_0_50%/100%_1px_no-repeat]"
            >
              <div className="absolute inset-0 flex items-end">
                {days.map((d) => (
                  <div
                    key={d.day}
                    title={d.reviewed ? dayText(d) : undefined}
                    className="flex h-full flex-1 flex-col justify-end"
                  >
                    <span
                      className="bar-fill mx-[14%] block rounded-t-[1px] bg-watch-fill"
                      style={{ height: `${(d.corrected / most) * 100}%` }}
                    />
                    <span
                      className="bar-rest mx-[14%] block bg-line-strong"
                      style={{ height: `${((d.reviewed - d.corrected) / most) * 100}%` }}
                    />
                  </div>
                ))}
              </div>
              <svg
                viewBox="0 0 100 100"
                preserveAspectRatio="none"
                className="pointer-events-none absolute inset-0 h-full w-full overflow-visible text-accent"
                aria-hidden="true"
              >
                <path
                  d={rightLine(days)}
                  fill="none"
                  stroke="currentColor"
                  strokeWidth="1.75"
                  strokeLinejoin="round"
                  vectorEffect="non-scaling-stroke"
                />
              </svg>
              {days.map((d, i) =>
                d.right === undefined ? null : (
                  <span
                    key={d.day}
                    className="bar-fill pointer-events-none absolute size-[5px] -translate-x-1/2 translate-y-1/2 rounded-full bg-accent"
                    style={{ left: `${((i + 0.5) / days.length) * 100}%`, bottom: `${d.right * 100}%` }}
                  />
                ),
              )}
            </div>
            <span />
            <div aria-hidden="true" className="num mt-1 flex justify-between text-axis text-fg-3">
              <time>{date(`${days[0]?.day}T12:00:00Z`, "UTC")}</time>
              <time>{date(`${days[days.length - 1]?.day}T12:00:00Z`, "UTC")}</time>
            </div>
          </div>
          <figcaption className="mt-1 flex flex-wrap gap-x-4 gap-y-0.5 text-meta text-fg-2">
            <Legend className="bar-fill h-0.5 w-4 bg-accent">{t("accuracy.right")}</Legend>
            <Legend className="bar-rest size-2.5 bg-line-strong">{t("accuracy.reviewed")}</Legend>
            <Legend className="bar-fill size-2.5 bg-watch-fill">{t("accuracy.correctedShort")}</Legend>
          </figcaption>
          <DayTable days={shown} />
        </figure>
      )}
    </Panel>
  );
}

const Legend = ({ className, children }: { className: string; children: string }) => (
  <span className="inline-flex items-center gap-1.5">
    <span aria-hidden="true" className={className} />
    {children}
  </span>
);

type Shown = ReturnType<typeof everyDay>[number];

const dayText = (d: Shown) =>
  t("accuracy.day", {
    day: date(`${d.day}T12:00:00Z`, "UTC"),
    reviewed: d.reviewed,
    corrected: d.corrected,
    right: percent(d.right ?? 0),
  });

/** The same for those who do not see the drawing. */
function DayTable({ days }: { days: Shown[] }) {
  return (
    <table className="sr-only">
      <caption>{t("accuracy.overTime")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("accuracy.dayHead")}</th>
          <th scope="col">{t("accuracy.reviewed")}</th>
          <th scope="col">{t("accuracy.correctedShort")}</th>
          <th scope="col">{t("accuracy.right")}</th>
        </tr>
      </thead>
      <tbody>
        {days.map((d) => (
          <tr key={d.day}>
            <th scope="row">
              <time dateTime={d.day}>{date(`${d.day}T12:00:00Z`, "UTC")}</time>
            </th>
            <td>{number(d.reviewed)}</td>
            <td>{number(d.corrected)}</td>
            <td>{percent(d.right ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
