import type { AlertGroup } from "@/api/types";
import { word } from "@/i18n";
import { Glyph, type State } from "@/ui/glyph";

const states: Record<AlertGroup["state"], State> = {
  firing: "critical",
  acknowledged: "watch",
  resolved: "ok",
};

/** The state of an alert from outside, or of a group of them. */
export function GroupState({ state }: { state: AlertGroup["state"] }) {
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      <Glyph state={states[state]} />
      {word("alertState", state)}
    </span>
  );
}
