import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { type Action, registry } from "./registry";

/**
 * Offers actions while the component is on the page. The set is registered anew only when its shape (ids,
 * keys, labels, whether it can be done) changes; `run` and `when` are always those of the last render.
 */
export function useActions(actions: Action[]): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  const shape = JSON.stringify(
    actions.map((a) => [
      a.id,
      a.keys,
      a.scope,
      a.label,
      a.hint,
      a.keysOnly,
      a.hintKeys,
      a.when?.() !== false,
    ]),
  );
  const stable = useMemo(() => {
    const rows = JSON.parse(shape) as [
      string,
      string[] | null,
      Action["scope"],
      string,
      string | null,
      boolean | null,
      string[] | null,
    ][];
    return rows.map(([id, keys, scope, label, hint, keysOnly, hintKeys], i): Action => {
      const now = () => latest.current[i];
      return {
        id,
        keys: keys ?? undefined,
        scope,
        label,
        hint: hint ?? undefined,
        keysOnly: keysOnly ?? undefined,
        hintKeys: hintKeys ?? undefined,
        get icon() {
          return now()?.icon;
        },
        when: () => now()?.when?.() ?? true,
        run: () => now()?.run(),
      };
    });
  }, [shape]);
  useEffect(() => registry.add(stable), [stable]);
}

/** Every registered action, following changes. */
export const useRegistered = (): Action[] => useSyncExternalStore(registry.subscribe, registry.all);

/** The first binding of an action, for tooltips and buttons; undefined while it is not on offer. */
export function useKeys(id: string): string | undefined {
  return useRegistered().find((a) => a.id === id)?.keys?.[0];
}
