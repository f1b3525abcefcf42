import { type Language, languages } from "@/i18n";

/** What this browser remembers for its user. Nothing here is needed for the page to work. */
export interface Prefs {
  theme: "system" | "light" | "dark";
  /** "system": the first of the browser's languages that we have. */
  language: "system" | Language;
  /** undefined: the page's own choice. */
  wideNav: boolean | undefined;
  singleKeys: boolean;
  density: "compact" | "default" | "relaxed";
  lastLaunch: string;
  /** Keys chosen instead of those of an action, by its id; "" is none. */
  keys: Record<string, string>;
  /** The zone that times are shown in: the launch's, or the reader's own. */
  times: "launch" | "own";
  /** What was opened last from the palette, newest first. */
  recent: Recent[];
  /** Parts of an item that are open; undefined: none. */
  folds: string[] | undefined;
}

/** Something that was looked for before: enough to draw it and to go there again. */
export interface Recent {
  kind: "issue" | "feedback" | "person";
  launchId: string;
  id: string;
  code: string;
  label: string;
}

const defaults: Prefs = {
  theme: "system",
  language: "system",
  wideNav: undefined,
  singleKeys: true,
  density: "default",
  lastLaunch: "",
  keys: {},
  times: "launch",
  recent: [],
  folds: undefined,
};

const store = {
  read(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  write(key: string, value: string) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Storage can be full or forbidden; the choice then lasts as long as the page.
    }
  },
};

/** Reads what was stored and keeps only what is valid. */
export function parsePrefs(text: string | null): Prefs {
  let raw: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    if (typeof parsed === "object" && parsed) raw = parsed as Record<string, unknown>;
  } catch {
    // Something else wrote there: start afresh.
  }
  const oneOf = <T extends string>(v: unknown, all: readonly T[], otherwise: T): T =>
    all.includes(v as T) ? (v as T) : otherwise;
  return {
    theme: oneOf(raw.theme, ["system", "light", "dark"], defaults.theme),
    language: oneOf(raw.language, ["system", "pseudo", ...languages], defaults.language),
    wideNav: typeof raw.wideNav === "boolean" ? raw.wideNav : undefined,
    singleKeys: typeof raw.singleKeys === "boolean" ? raw.singleKeys : defaults.singleKeys,
    density: oneOf(raw.density, ["compact", "default", "relaxed"], defaults.density),
    lastLaunch: typeof raw.lastLaunch === "string" ? raw.lastLaunch : "",
    keys: keysOf(raw.keys),
    times: oneOf(raw.times, ["launch", "own"], defaults.times),
    recent: (Array.isArray(raw.recent) ? raw.recent : []).filter(isRecent).slice(0, 8),
    folds: Array.isArray(raw.folds) ? raw.folds.filter((f) => typeof f === "string") : undefined,
  };
}

const binding = /^[^\s]{1,24}( [^\s]{1,24})?$/;

function keysOf(raw: unknown): Record<string, string> {
  if (typeof raw !== "object" || !raw || Array.isArray(raw)) return {};
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([id, k]) => id.length < 80 && typeof k === "string" && (k === "" || binding.test(k)))
      .slice(0, 200),
  );
}

function isRecent(raw: unknown): raw is Recent {
  const r = raw as Recent;
  return (
    typeof r === "object" &&
    r !== null &&
    ["issue", "feedback", "person"].includes(r.kind) &&
    [r.launchId, r.id, r.code, r.label].every((x) => typeof x === "string")
  );
}

let current = parsePrefs(store.read("hc.prefs"));
const listeners = new Set<() => void>();

function applyTheme() {
  if (current.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current.theme;
}

export const prefs = {
  get: (): Prefs => current,
  set(change: Partial<Prefs>) {
    current = { ...current, ...change };
    store.write("hc.prefs", JSON.stringify(current));
    // Read by theme.js before the first paint.
    store.write("hc.theme", current.theme);
    applyTheme();
    for (const fn of listeners) fn();
  },
  subscribe(fn: () => void) {
    listeners.add(fn);
    return () => listeners.delete(fn);
  },
};
