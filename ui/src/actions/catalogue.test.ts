import { expect, test } from "vitest";
import { actionsOf } from "../../scripts/actions.mjs";
import { distinct, known, takenBy } from "./catalogue";
import { clashes } from "./registry";

const all = known();
const places = [...new Set(all.map((a) => a.place))];

test("the keys of the product are found in its source", () => {
  const keysOf = (id: string) => all.find((a) => a.id === id)?.keys;
  expect(keysOf("palette")).toEqual(["mod+k"]);
  expect(keysOf("keys")).toEqual(["?"]);
  expect(keysOf("list.next")).toEqual(["j", "arrowdown"]);
  expect(keysOf("item.accept")).toEqual(["enter"]);
  expect(keysOf("go.inbox")).toEqual(["g i"]);
  expect(all.filter((a) => !a.label || a.label.includes("undefined"))).toEqual([]);
});

test.each(places)("no two actions of one scope answer the same keys on %j", (place) => {
  const there = distinct(all.filter((a) => a.place === place || a.place === ""));
  expect(clashes(there)).toEqual([]);
});

test("an action has the same keys wherever it is", () => {
  for (const a of all) expect(a.keys, a.id).toEqual(all.find((b) => b.id === a.id)?.keys);
});

test("keys that another action of the scope has are taken, others are free", () => {
  expect(takenBy("x", "list.next", all)?.id).toBe("list.mark");
  expect(takenBy("g", "keys", all)?.id).toMatch(/^go\./);
  expect(takenBy("y", "list.next", all)).toBeUndefined();
  expect(takenBy("j", "list.next", all)).toBeUndefined();
});

test("what is made at run time is left to those who make it", () => {
  const read = (text: string) => actionsOf("pages/issue/x.tsx", text);
  expect(
    read('useActions([{ id: "a", keys: ["s"], scope: "item" as const, label: t("nav.inbox") }])'),
  ).toEqual([{ id: "a", keys: ["s"], scope: "item", label: "nav.inbox", place: "issue" }]);
  expect(read("[{ id: `a.$" + '{x}`, keys: ["s"], scope: "item", label: t("nav.inbox") }]')).toEqual([]);
  expect(read('[{ id: "a", keys: ["s"], scope: "item", label: b ? t("x", { k }) : t("y") }]')[0]?.label).toBe(
    "y",
  );
});
