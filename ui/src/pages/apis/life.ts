import type { ApiNextState, ApiVersion } from "@/api/types";

export const lifeStates = ["draft", "published", "deprecated", "retired"] as const;
export type LifeState = (typeof lifeStates)[number];

/** How a version of an API is called: "shop v1". */
export const versionName = (v: { name: string; version?: string }): string =>
  [v.name, v.version].filter(Boolean).join(" ");

/** What is asked of the next state of a version. */
export interface LifeForm {
  state: LifeState;
  since: string;
  sunset: string;
  docs: string;
  note: string;
}

/** The form as it opens: where the version is now; today where no date is named. */
export const lifeForm = (v: ApiVersion, today: string): LifeForm => ({
  state: v.state,
  since: v.deprecated ?? today,
  sunset: v.sunset ?? "",
  docs: v.docs ?? "",
  note: "",
});

/** What a state asks for: a draft and what is published have no end. */
export const asks = (state: LifeState) => ({
  since: state === "deprecated",
  sunset: state === "deprecated" || state === "retired",
  docs: state === "deprecated" || state === "retired",
});

/** The headers that answers carry from then on: RFC 9745, RFC 8594, RFC 8288. */
export function headersOf(f: LifeForm): string[] {
  if (f.state !== "deprecated") return [];
  return ["Deprecation", ...(f.sunset ? ["Sunset"] : []), ...(f.docs.trim() ? ["Link"] : [])];
}

/** What is sent: dates of an end are taken away where the state has none, and kept where it does not ask. */
export function nextState(version: string, f: LifeForm, base: number): ApiNextState {
  const a = asks(f.state);
  return {
    version,
    state: f.state,
    deprecated: a.since ? f.since : a.sunset ? undefined : "",
    sunset: a.sunset ? f.sunset : "",
    docs: a.docs ? f.docs.trim() : undefined,
    note: f.note.trim() || undefined,
    base,
  };
}
