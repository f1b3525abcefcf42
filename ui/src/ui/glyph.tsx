import { word } from "@/i18n";
import { cx } from "./cx";

export type State = "ok" | "watch" | "degraded" | "critical" | "idle";

const fill: Record<State, string> = {
  ok: "text-ok-fill",
  watch: "text-watch-fill",
  degraded: "text-degraded-fill",
  critical: "text-critical-fill",
  idle: "text-idle-fill",
};

const shape: Record<State, React.ReactNode> = {
  ok: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  watch: <path d="M6 1.4 11.2 10.4H.8Z" fill="currentColor" />,
  degraded: <path d="M6 .8 11.2 6 6 11.2.8 6Z" fill="currentColor" />,
  critical: <rect x="1.4" y="1.4" width="9.2" height="9.2" rx="1" fill="currentColor" />,
  idle: <circle cx="6" cy="6" r="3.8" fill="none" stroke="currentColor" strokeWidth="1.6" />,
};

/** A state is always shape, colour and a word beside it, so that none depends on colour alone. */
export function Glyph({ state, size = 9 }: { state: State; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 12 12"
      className={cx("flex-none", fill[state])}
      aria-hidden="true"
    >
      {shape[state]}
    </svg>
  );
}

const severityState: Record<string, State> = {
  sev1: "critical",
  sev2: "degraded",
  sev3: "watch",
  sev4: "idle",
};

export const stateOfSeverity = (severity: string): State => severityState[severity] ?? "idle";

export function Severity({
  level,
  long = false,
  strong = false,
}: {
  level: string;
  long?: boolean;
  strong?: boolean;
}) {
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1 whitespace-nowrap",
        strong ? "font-semibold text-fg" : "text-fg-2",
      )}
    >
      <Glyph state={stateOfSeverity(level)} />
      {word(long ? "severity.long" : "severity", level)}
    </span>
  );
}

const sentimentState: Record<string, State> = { negative: "degraded", neutral: "idle", positive: "ok" };

export function Sentiment({ label }: { label: string }) {
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      <Glyph state={sentimentState[label] ?? "idle"} />
      {word("sentiment", label)}
    </span>
  );
}
