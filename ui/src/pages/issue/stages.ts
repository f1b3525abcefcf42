import { type Stage, stages } from "@/api/issue-filter";

export const stageIndex = (stage: string): number => Math.max(0, stages.indexOf(stage as Stage));

/** The stage after this one; undefined at the end of the way. */
export const nextStage = (stage: string): Stage | undefined => stages[stageIndex(stage) + 1];

/** The stage `by` steps away, or undefined beyond either end. */
export const stageBeside = (stage: string, by: number): Stage | undefined => stages[stageIndex(stage) + by];

/** What moving an issue does beside moving it. People are told nothing by any of these. */
export type MoveEffect =
  | { kind: "close"; people: number }
  | { kind: "reopen" }
  | { kind: "over"; count: number; limit: number }
  | { kind: "move" };

export function moveEffect(
  from: string,
  to: string,
  people: number,
  target?: { count: number; limit?: number },
): MoveEffect {
  if (to === "closure" && from !== "closure") return { kind: "close", people };
  if (target?.limit && from !== to && target.count + 1 > target.limit)
    return { kind: "over", count: target.count + 1, limit: target.limit };
  return from === "closure" && to !== "closure" ? { kind: "reopen" } : { kind: "move" };
}
