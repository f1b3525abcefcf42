import { type KeyboardEvent, type PointerEvent, type RefObject, useRef, useState } from "react";

/** Cells of a chart from one corner to another, both in it. Columns count from the left, rows from the top. */
export interface Box {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

interface Point {
  x: number;
  y: number;
}

const between = (v: number, most: number): number => Math.min(most, Math.max(0, v));
const boxOf = (a: Point, b: Point): Box => ({
  x0: Math.min(a.x, b.x),
  x1: Math.max(a.x, b.x),
  y0: Math.min(a.y, b.y),
  y1: Math.max(a.y, b.y),
});

/**
 * Choosing cells of a chart: by dragging, or by arrows, Shift and arrows, and Enter. A press without dragging
 * chooses one cell.
 */
export function useBrush({
  of,
  columns,
  rows,
  onPick,
}: {
  of: RefObject<HTMLElement | null>;
  columns: number;
  rows: number;
  onPick: (box: Box) => void;
}) {
  const [at, setAt] = useState<Point>();
  const [anchor, setAnchor] = useState<Point>();
  const dragging = useRef(false);
  const point = (e: PointerEvent): Point => {
    const r = of.current?.getBoundingClientRect();
    if (!r) return { x: 0, y: 0 };
    return {
      x: between(Math.floor(((e.clientX - r.left) / r.width) * columns), columns - 1),
      y: between(Math.floor(((e.clientY - r.top) / r.height) * rows), rows - 1),
    };
  };
  const done = () => {
    dragging.current = false;
    setAnchor(undefined);
  };
  const keys = (e: KeyboardEvent) => {
    const by: Record<string, Point> = {
      ArrowLeft: { x: -1, y: 0 },
      ArrowRight: { x: 1, y: 0 },
      ArrowUp: { x: 0, y: -1 },
      ArrowDown: { x: 0, y: 1 },
    };
    const step = by[e.key];
    if (e.key === "Escape" && (anchor || at)) {
      e.preventDefault();
      setAt(undefined);
      done();
    } else if ((e.key === "Enter" || e.key === " ") && at) {
      e.preventDefault();
      onPick(boxOf(anchor ?? at, at));
      done();
    } else if (step && (rows > 1 || step.y === 0)) {
      e.preventDefault();
      const from = at ?? { x: columns - 1 - step.x, y: Math.floor(rows / 2) };
      if (e.shiftKey && !anchor) setAnchor(from);
      if (!e.shiftKey) setAnchor(undefined);
      setAt({ x: between(from.x + step.x, columns - 1), y: between(from.y + step.y, rows - 1) });
    }
  };
  return {
    /** What is being chosen; undefined while nothing is. */
    box: anchor && at ? boxOf(anchor, at) : undefined,
    /** The cell that is pointed at, by pointer or keys. */
    at,
    props: {
      onPointerDown: (e: PointerEvent) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        dragging.current = true;
        const p = point(e);
        setAnchor(p);
        setAt(p);
      },
      onPointerMove: (e: PointerEvent) => setAt(point(e)),
      onPointerUp: (e: PointerEvent) => {
        if (!dragging.current || !anchor) return;
        onPick(boxOf(anchor, point(e)));
        done();
      },
      onPointerCancel: done,
      onPointerLeave: () => (dragging.current ? undefined : setAt(undefined)),
      onBlur: () => {
        if (!dragging.current) setAt(undefined);
      },
      onKeyDown: keys,
    },
  };
}
