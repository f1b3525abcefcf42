import { found } from "virtual:actions";
import { places } from "@/app/places";
import { t, word } from "@/i18n";
import { clashes, type Scope } from "./registry";

/** An action as it is known before its page is open. */
export interface Known {
  id: string;
  keys: string[];
  scope: Scope;
  label: string;
  /** The folder of its page; "" works everywhere. */
  place: string;
}

/** The arrows walk the board as the letters do. */
const board: Record<string, string | undefined> = {
  "list.next": "arrowdown",
  "list.previous": "arrowup",
  "board.left": "arrowleft",
  "board.right": "arrowright",
};

/** What the source cannot tell by itself, because it is made from a list there. */
function made(): Known[] {
  return [
    ...places.map((p) => ({
      id: `go.${p.id}`,
      keys: [p.keys],
      scope: "global" as const,
      label: t("action.go", { place: t(p.label) }),
      place: "",
    })),
    ...(
      [
        ["item", "item", "feedback"],
        ["bulk", "list", "feedback"],
        ["item", "item", "issue"],
        ["list", "list", "issues"],
      ] as const
    ).flatMap(([of, scope, place]) =>
      ["sev1", "sev2", "sev3", "sev4"].map((level, i) => ({
        id: `${of}.${level}`,
        keys: [String(i + 1)],
        scope,
        label: t("action.setSeverity", { severity: word("severity.long", level) }),
        place,
      })),
    ),
    ...(
      [
        ["bulk.join", "l", "bulk.join", "feedback"],
        ["bulk.severity", "s", "bulk.severity", "feedback"],
        ["bulk.category", "t", "bulk.category", "feedback"],
        ["bulk.assign", "a", "bulk.assign", "feedback"],
        ["bulk.later", "h", "bulk.later", "feedback"],
        ["list.severity", "s", "action.severity", "issues"],
        ["list.owner", "a", "action.owner", "issues"],
        ["list.stage", "shift+s", "action.stage", "issues"],
        ["list.next", "j", "action.next", "board"],
        ["list.previous", "k", "action.previous", "board"],
        ["board.left", "h", "action.columnLeft", "board"],
        ["board.right", "l", "action.columnRight", "board"],
        ["board.move-left", "mod+arrowleft", "action.moveLeft", "board"],
        ["board.move-right", "mod+arrowright", "action.moveRight", "board"],
      ] as const
    ).map(([id, key, label, place]) => ({
      id,
      keys: board[id] ? [key, board[id]] : [key],
      scope: "list" as const,
      label: t(label),
      place,
    })),
    {
      id: "item.copy-link",
      keys: ["c l"],
      scope: "item",
      label: t("action.copyItemLink"),
      place: "feedback",
    },
  ];
}

/** Every action that has keys, on whatever page. */
export function known(): Known[] {
  return [...found.map((a) => ({ ...a, label: t(a.label) })), ...made()];
}

/** The same with one line for each id: pages share what does the same. */
export function distinct(all: Known[]): Known[] {
  const seen = new Set<string>();
  return all.filter((a) => !seen.has(a.id) && seen.add(a.id));
}

/**
 * The action that keys would take away from, were they given to another one: of the same scope, where the
 * two may be on offer together. A narrower scope may have the keys of a wider one.
 */
export function takenBy(keys: string, id: string, all: Known[]): Known | undefined {
  const mine = all.filter((a) => a.id === id);
  return all.find(
    (other) =>
      other.id !== id &&
      mine.some(
        (a) =>
          (a.place === other.place || a.place === "" || other.place === "") &&
          clashes([{ ...a, keys: [keys] }, other]).length > 0,
      ),
  );
}
