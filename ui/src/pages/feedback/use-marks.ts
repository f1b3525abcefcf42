import { useCallback, useMemo, useRef, useState } from "react";

/** How many can be marked: the bound of acts on many. */
export const maxMarks = 1000;

/** Which rows are marked for a bulk act; with Shift everything between the last one and this. */
export function useMarks(items: readonly { id: string }[]) {
  const [ids, setIds] = useState<Set<string>>(new Set());
  const last = useRef<string>(undefined);
  const rows = useRef(items);
  rows.current = items;

  const toggle = useCallback((id: string, range: boolean) => {
    setIds((before) =>
      nextMarks(
        before,
        rows.current.map((i) => i.id),
        id,
        range ? last.current : undefined,
      ),
    );
    last.current = id;
  }, []);
  const clear = useCallback(() => setIds((s) => (s.size ? new Set() : s)), []);
  const put = useCallback((all: string[]) => {
    setIds(new Set(all.slice(0, maxMarks)));
    last.current = undefined;
  }, []);
  return useMemo(() => ({ ids, toggle, put, clear }), [ids, toggle, put, clear]);
}

export type Marks = ReturnType<typeof useMarks>;

/** Without `from` it turns one mark over; with it, it marks everything from there to here. */
export function nextMarks(
  before: Set<string>,
  order: string[],
  id: string,
  from: string | undefined,
): Set<string> {
  const next = new Set(before);
  const a = from === undefined ? -1 : order.indexOf(from);
  const b = order.indexOf(id);
  if (a < 0 || b < 0) {
    if (!next.delete(id)) next.add(id);
    return next;
  }
  for (const x of order.slice(Math.min(a, b), Math.max(a, b) + 1)) next.add(x);
  return next;
}
