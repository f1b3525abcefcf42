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

/** The seven stages as steps; a press moves the issue there. */
export function StageBar({
  stage,
  enteredAt,
  onMove,
}: {
  stage: string;
  enteredAt: string;
  onMove: (stage: Stage) => void;
}) {
  const at = position(stage);
  return (
    <ol className="flex min-w-0 gap-1 overflow-x-auto p-0.5" aria-label={t("issue.stages")}>
      {stages.map((s, i) => (
        <li key={s} className="min-w-24 flex-1">
          <button
            type="button"
            aria-current={i === at ? "step" : undefined}
            onClick={() => onMove(s)}
            title={t("issue.moveTo", { stage: word("stage", s) })}
            className="state grid min-h-10 w-full content-start gap-1 rounded-1 px-0.5 pt-0.5 text-left hover:bg-hover"
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
            {i === at ? (
              <span className="truncate text-axis text-fg-3">
                <Time at={enteredAt} relative />
              </span>
            ) : null}
          </button>
        </li>
      ))}
    </ol>
  );
}
