import type { Channel } from "@/api/types";
import type { State } from "@/ui/glyph";

/** The shape and colour of a channel's state. */
export const stateGlyph: Record<Channel["state"], State> = {
  receiving: "ok",
  waiting: "idle",
  failing: "critical",
  off: "idle",
};
