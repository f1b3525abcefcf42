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
    ...["sev1", "sev2", "sev3", "sev4"].map((level, i) => ({
      id: `item.${level}`,
      keys: [String(i + 1)],
      scope: "item" as const,
      label: t("action.setSeverity", { severity: word("severity.long", level) }),
      place: "feedback",
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
