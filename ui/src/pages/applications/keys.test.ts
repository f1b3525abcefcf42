import { expect, test } from "vitest";
import type { Application, ApplicationKey } from "@/api/types";
import { appState, fits, keyState, sortedKeys } from "./keys";

const now = Date.parse("2026-11-27T12:00:00Z");
const key = (id: string, more: Partial<ApplicationKey> = {}): ApplicationKey => ({
  id,
  kind: "key",
  state: "active",
  prefix: `hck_${id}`,
  created_at: "2026-11-01T00:00:00Z",
  ...more,
});
const app = (...keys: ApplicationKey[]): Application => ({
  id: "a",
  name: "Web shop",
  plan: "gold",
  apis: ["orders"],
  expiring: 0,
  keys,
  created_at: "2026-11-01T00:00:00Z",
});

test.each([
  [{}, "valid"],
  [{ expires_at: "2027-11-27T12:00:00Z" }, "valid"],
  [{ expires_at: "2026-11-28T12:00:00Z" }, "ending"],
  [{ expires_at: "2026-11-27T12:00:00Z" }, "expired"],
  [{ expires_at: "2027-11-27T12:00:00Z", revoked_at: "2026-11-02T00:00:00Z" }, "revoked"],
] as const)("a key with %j is %s", (more, want) => {
  expect(keyState(key("k", more), now)).toBe(want);
});

test("an application is as its best key", () => {
  const ended = key("old", { expires_at: "2026-11-02T00:00:00Z" });
  expect(appState(app(), now).word).toBe("noKey");
  expect(appState(app(ended), now).word).toBe("noKey");
  expect(appState(app(ended, key("k", { expires_at: "2026-11-28T00:00:00Z" })), now).word).toBe("ending");
  expect(appState(app(ended, key("k")), now).word).toBe("active");
  expect(appState({ ...app(key("k")), disabled_at: "2026-11-02T00:00:00Z" }, now).word).toBe("disabled");
});

test("keys that open something come first, the newest on top", () => {
  const list = app(
    key("gone", { revoked_at: "2026-11-02T00:00:00Z", created_at: "2026-11-20T00:00:00Z" }),
    key("old"),
    key("new", { created_at: "2026-11-10T00:00:00Z" }),
  );
  expect(sortedKeys(list, now).map((k) => k.id)).toEqual(["new", "old", "gone"]);
});

test("a search looks at names, plans, APIs and prefixes", () => {
  const one = app(key("k1"));
  expect(["shop", "GOLD web", "hck_k1", "orders"].map((q) => fits(one, q))).toEqual([true, true, true, true]);
  expect(fits(one, "shop silver")).toBe(false);
});
