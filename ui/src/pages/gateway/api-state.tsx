import { word } from "@/i18n";
import { Glyph, type State } from "@/ui/glyph";

const states: Record<string, State> = {
  published: "ok",
  deprecated: "watch",
  draft: "idle",
  retired: "idle",
};

/** Where a version of an API is in its life: shape, colour and word. */
export const ApiState = ({ state }: { state: string }) => (
  <span className="inline-flex items-center gap-1 text-meta whitespace-nowrap text-fg-2">
    <Glyph state={states[state] ?? "idle"} />
    {word("apiState", state)}
  </span>
);

/** The methods of a route; none named is any. */
export const Methods = ({ methods }: { methods: string[] }) => (
  <span data-user="" className="id truncate text-fg-2">
    {methods.length ? methods.join(" ") : "*"}
  </span>
);
