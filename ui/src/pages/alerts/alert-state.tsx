import type { Alert } from "@/api/types";
import { word } from "@/i18n";
import { Glyph, type State } from "@/ui/glyph";

const states: Record<Alert["state"], State> = { firing: "critical", pending: "watch", resolved: "ok" };

/** The state of an alert: shape, colour and word. */
export function AlertState({ state }: { state: Alert["state"] }) {
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      <Glyph state={states[state]} />
      {word("alertState", state)}
    </span>
  );
}

/** What an alert says of itself: its summary, or else its description. */
export const sentenceOf = (a: Alert): string => a.annotations.summary ?? a.annotations.description ?? "";

/** The labels that tell an alert from others of its rule. */
export const ownLabels = (a: Alert): [string, string][] =>
  Object.entries(a.labels)
    .filter(([name]) => name !== "alertname")
    .sort(([x], [y]) => x.localeCompare(y));
