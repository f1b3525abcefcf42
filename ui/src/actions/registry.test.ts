import { describe, expect, test, vi } from "vitest";
import { type Action, type Clash, clashes, Registry } from "./registry";

const action = (id: string, more: Partial<Action> = {}): Action => ({
  id,
  scope: "global",
  label: id,
  run: () => undefined,
  ...more,
});

describe("Registry", () => {
  test("a key runs the action of the narrowest scope", () => {
    const r = new Registry();
    r.add([action("everywhere", { keys: ["s"] }), action("item", { keys: ["s"], scope: "item" })]);
    expect(r.resolve(["s"])).toMatchObject({ kind: "run", action: { id: "item" } });
  });

  test("an id that comes again is replaced, and comes back", () => {
    const r = new Registry();
    r.add([action("next", { keys: ["j"], label: "first" })]);
    const remove = r.add([action("next", { keys: ["j"], label: "second" })]);
    expect(r.resolve(["j"])).toMatchObject({ action: { label: "second" } });
    remove();
    expect(r.resolve(["j"])).toMatchObject({ action: { label: "first" } });
  });

  test("two actions of one scope with the same keys are a mistake", () => {
    const heard: Clash[] = [];
    const r = new Registry((c) => heard.push(c));
    r.add([
      action("severity", { keys: ["s"], scope: "item" }),
      action("stage", { keys: ["g"], scope: "item" }),
    ]);
    r.add([action("go", { keys: ["g i"] }), action("settings", { keys: ["s"] })]);
    expect(heard).toEqual([]);
    r.add([action("split", { keys: ["s"], scope: "item" })]);
    expect(heard).toEqual([{ keys: "s", ids: ["split", "severity"] }]);
    heard.length = 0;
    r.add([action("other", { keys: ["s"], scope: "item", when: () => false })]);
    expect(heard.map((c) => c.ids)).not.toContainEqual(["other", "severity"]);
  });

  test("a binding that is the start of another hides it", () => {
    expect(clashes([action("a", { keys: ["c"] }), action("b", { keys: ["c l"] })])).toEqual([
      { keys: "c", ids: ["a", "b"] },
    ]);
  });

  test("the reader's own keys stand in for the first of an action, and none switches it off", () => {
    const r = new Registry();
    r.add([action("next", { keys: ["j", "arrowdown"] }), action("mark", { keys: ["x"] })]);
    r.choose({ next: "n", mark: "" });
    expect(r.resolve(["n"])).toMatchObject({ action: { id: "next" } });
    expect(r.resolve(["arrowdown"])).toMatchObject({ action: { id: "next" } });
    expect([r.resolve(["j"]).kind, r.resolve(["x"]).kind]).toEqual(["none", "none"]);
    r.choose({});
    expect(r.resolve(["x"])).toMatchObject({ action: { id: "mark" } });
  });

  test("what cannot be done now neither runs nor hides a wider one", () => {
    const r = new Registry();
    r.add([
      action("wide", { keys: ["e"] }),
      action("narrow", { keys: ["e"], scope: "item", when: () => false }),
    ]);
    expect(r.resolve(["e"])).toMatchObject({ action: { id: "wide" } });
    expect(r.available().map((a) => a.id)).toEqual(["wide"]);
  });

  test("a sequence waits for its end", () => {
    const r = new Registry();
    r.add([action("inbox", { keys: ["g i"] })]);
    expect(r.resolve(["g"]).kind).toBe("wait");
    expect(r.resolve(["g", "i"])).toMatchObject({ action: { id: "inbox" } });
    expect(r.resolve(["g", "x"]).kind).toBe("none");
  });

  test("keys that a narrower action has taken are not shown beside the wider one", () => {
    const r = new Registry();
    const page = action("copy-link", { keys: ["c l", "mod+l"] });
    r.add([page]);
    expect([r.keyOf(page), r.keyOf(page, false)]).toEqual(["c l", "mod+l"]);
    r.add([action("item.copy-link", { keys: ["c l"], scope: "item" })]);
    expect(r.keyOf(page)).toBe("mod+l");
  });

  test("single keys can be switched off, others stay", () => {
    const r = new Registry();
    r.add([action("mark", { keys: ["x"] }), action("palette", { keys: ["mod+k"] })]);
    expect(r.resolve(["x"], false).kind).toBe("none");
    expect(r.resolve(["mod+k"], false).kind).toBe("run");
  });

  test("an id that is registered twice is listed once, as the latest", () => {
    const r = new Registry();
    r.add([action("next", { label: "old" })]);
    r.add([action("next", { label: "new" })]);
    expect(r.available().map((a) => a.label)).toEqual(["new"]);
    expect(r.find("next")?.label).toBe("new");
  });

  test("listeners hear of changes, and the list is the same until then", () => {
    const r = new Registry();
    const heard = vi.fn();
    const stop = r.subscribe(heard);
    r.add([action("a")]);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(r.all()).toBe(r.all());
    stop();
    r.add([action("b")]);
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
