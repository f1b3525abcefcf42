import { describe, expect, test, vi } from "vitest";
import { type Action, Registry } from "./registry";

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

  test("within a scope the latest set wins, and leaves again", () => {
    const r = new Registry();
    r.add([action("first", { keys: ["s"] })]);
    const remove = r.add([action("second", { keys: ["s"] })]);
    expect(r.resolve(["s"])).toMatchObject({ action: { id: "second" } });
    remove();
    expect(r.resolve(["s"])).toMatchObject({ action: { id: "first" } });
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
