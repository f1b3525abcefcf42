import type { Application, ApplicationKey } from "@/api/types";
import type { State } from "@/ui/glyph";

export type KeyState = "valid" | "ending" | "expired" | "revoked";

/** A key that ends within this time is worth a look. */
const soon = 14 * 86_400_000;

export function keyState(k: ApplicationKey, now: number): KeyState {
  if (k.revoked_at) return "revoked";
  if (!k.expires_at) return "valid";
  const left = Date.parse(k.expires_at) - now;
  if (left <= 0) return "expired";
  return left <= soon ? "ending" : "valid";
}

export const keyGlyphs: Record<KeyState, State> = {
  valid: "ok",
  ending: "watch",
  expired: "idle",
  revoked: "idle",
};

export const opens = (k: ApplicationKey, now: number): boolean =>
  ["valid", "ending"].includes(keyState(k, now));

/** Those that open something first, the newest of them on top. */
export function sortedKeys(app: Application, now: number): ApplicationKey[] {
  return [...app.keys].sort(
    (a, b) => Number(opens(b, now)) - Number(opens(a, now)) || b.created_at.localeCompare(a.created_at),
  );
}

/** How an application stands: it can call, its keys end soon, it has none, or it was disabled. */
export function appState(app: Application, now: number): { state: State; word: string } {
  if (app.disabled_at) return { state: "critical", word: "disabled" };
  const states = app.keys.map((k) => keyState(k, now));
  if (states.includes("valid")) return { state: "ok", word: "active" };
  return states.includes("ending") ? { state: "watch", word: "ending" } : { state: "idle", word: "noKey" };
}

/** An application fits when every word of the search is in what is known of it. */
export function fits(app: Application, q: string): boolean {
  const text = [
    app.name,
    app.contact,
    app.plan,
    ...app.apis,
    ...app.keys.map((k) => `${k.prefix} ${k.name ?? ""}`),
  ]
    .join(" ")
    .toLocaleLowerCase();
  return q
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((w) => text.includes(w));
}
