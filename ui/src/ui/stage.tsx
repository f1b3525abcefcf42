import { type Stage, stages } from "@/api/issue-filter";
import { t, word } from "@/i18n";
import { cx } from "./cx";
import { Time } from "./time";

const position = (stage: string): number => Math.max(0, stages.indexOf(stage as Stage));

/** A dial that fills as the issue walks its seven stages. */
export function StageDial({ stage, size = 12 }: { stage: string; size?: number }) {
  const share = position(stage) / (stages.length - 1);
  const length = 2 * Math.PI * 2.5;
  return (
    <svg width={size} height={size} viewBox="0 0 12 12" aria-hidden="true" className="flex-none">
      <circle cx="6" cy="6" r="5" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <circle
        cx="6"
        cy="6"
        r="2.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="5"
        strokeDasharray={`${share * length} ${length}`}
        transform="rotate(-90 6 6)"
      />
    </svg>
  );
}

export function StageTag({ stage }: { stage: string }) {
  return (
    <span className="inline-flex h-[18px] items-center gap-1.5 rounded-1 bg-muted px-1.5 text-[11px] leading-[18px] font-medium whitespace-nowrap text-fg-2">
      <StageDial stage={stage} size={11} />
      {word("stage", stage)}
    </span>
  );
}

/** When a stage was entered, and by whom. */
export interface StageVisit {
  stage: string;
  entered_at: string;
  by: { name: string };
}

/**
 * The seven stages as steps; a press moves the issue there. Those it has been through say when it came there
 * and who moved it.
 */
export function StageBar({
  stage,
  visits,
  onMove,
}: {
  stage: string;
  visits: StageVisit[];
  onMove: (stage: Stage) => void;
}) {
  const at = position(stage);
  return (
    <ol className="flex min-w-0 flex-none gap-1 overflow-x-auto p-0.5" aria-label={t("issue.stages")}>
      {stages.map((s, i) => {
        const visit = i <= at ? visits.find((v) => v.stage === s) : undefined;
        return (
          <li key={s} className="min-w-[92px] flex-1">
            <button
              type="button"
              aria-current={i === at ? "step" : undefined}
              onClick={() => i !== at && onMove(s)}
              title={
                i === at
                  ? word("stage.about", s)
                  : `${t("issue.moveTo", { stage: word("stage", s) })}\n${word("stage.about", s)}`
              }
              className="state grid min-h-[52px] w-full content-start gap-1 rounded-1 px-0.5 pt-0.5 text-left hover:bg-hover"
            >
              <span
                className={cx(
                  "bar-fill h-1 rounded-[2px]",
                  i < at && "bg-idle-fill",
                  i === at && "bg-accent",
                  i > at && "bg-muted",
                )}
              />
              <span className={cx("truncate text-meta", i === at ? "font-semibold text-fg" : "text-fg-3")}>
                {word("stage", s)}
              </span>
              {visit ? (
                <span className="flex min-w-0 items-center gap-1 text-axis text-fg-3">
                  <Time at={visit.entered_at} relative={i === at} className="num flex-none" />
                  <span className="truncate">{visit.by.name}</span>
                </span>
              ) : null}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
