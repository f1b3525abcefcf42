import { expect, test } from "vitest";
import { tip } from "./action-button";
import { menuActions } from "./action-menu";
import type { Action, Scope } from "./registry";

const action = (id: string, scope: Scope, more: Partial<Action> = {}): Action => ({
  id,
  scope,
  label: id,
  run: () => undefined,
  ...more,
});

test("a menu has the actions of its scopes in their order, without moving a cursor", () => {
  const all = [
    action("next", "list", { keysOnly: true }),
    action("mark", "list"),
    action("accept", "item"),
    action("copy-link", "global"),
    action("theme", "global"),
  ];
  const ids = menuActions(all, ["item", "list"], ["copy-link"]).map((g) => g.map((a) => a.id));
  expect(ids).toEqual([["accept"], ["mark"], ["copy-link"]]);
  expect(menuActions([], ["item"])).toEqual([]);
});

test("a tooltip says what and by which keys", () => {
  expect(tip("Accept", "enter")).toBe("Accept  ↵");
  expect(tip("Go to inbox", "g i")).toBe("Go to inbox  G I");
  expect(tip("Split", undefined)).toBe("Split");
});
