import type { Rollout } from "@/api/types";
import { word } from "@/i18n";
import { percent } from "@/i18n/format";
import { Glyph, type State } from "@/ui/glyph";

const glyphs: Record<Rollout["state"], State> = {
  running: "ok",
  paused: "watch",
  promoting: "ok",
  promoted: "ok",
  rolled_back: "critical",
  aborted: "idle",
};

/** How a rollout stands. */
export function RolloutState({ rollout: r }: { rollout: Pick<Rollout, "state" | "finding"> }) {
  const bad = r.finding.verdict === "worse" ? "critical" : glyphs[r.state];
  return (
    <span className="inline-flex items-center gap-1 text-meta text-fg-2">
      <Glyph state={bad} />
      {word("rolloutState", r.state)}
    </span>
  );
}

/** A share in percent, as the API has it, as people write it. */
export const share = (weight: number): string => percent(weight / 100, weight % 1 ? 1 : 0);

/** An API with its version. */
export const apiName = (r: { api: string; version?: string }): string =>
  [r.api, r.version].filter(Boolean).join(" ");

/** The steps out of "5:10m, 100:1h"; nothing where it can't be read. */
export function readSteps(text: string): { weight: number; hold?: string }[] | undefined {
  const steps = text
    .split(",")
    .map((part) => /^\s*(\d+(?:\.\d+)?)\s*%?\s*(?::\s*((?:\d+(?:\.\d+)?(?:ms|s|m|h))+))?\s*$/.exec(part))
    .map((m) => (m ? { weight: Number(m[1]), hold: m[2] } : undefined));
  return steps.every((s) => s !== undefined && s.weight <= 100)
    ? (steps as { weight: number; hold?: string }[])
    : undefined;
}
