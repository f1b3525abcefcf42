import { useEffect, useRef, useState } from "react";
import { t } from "@/i18n";
import { MenuAt, type PointAt } from "@/ui/menu";
import { ActionItems } from "./action-menu";

/**
 * The context menu of list rows: right click, long press, the menu key and Shift+F10 all arrive as one
 * event. The row becomes the current one first, since what the menu offers is what its page offers.
 */
export function RowMenu() {
  const [at, setAt] = useState<PointAt>();
  const [open, setOpen] = useState(false);
  const from = useRef<HTMLElement>(null);
  useEffect(() => {
    const onMenu = (e: MouseEvent) => {
      const row = rowOf(e);
      if (!row) return;
      e.preventDefault();
      from.current = row;
      select(row);
      setAt(pointOf(e, row));
      setOpen(true);
    };
    document.addEventListener("contextmenu", onMenu);
    return () => document.removeEventListener("contextmenu", onMenu);
  }, []);
  return at ? (
    <MenuAt at={at} from={from} label={t("common.actions")} open={open} onClose={() => setOpen(false)}>
      <ActionItems scopes={["item", "list"]} also={["item.copy-link"]} />
    </MenuAt>
  ) : null;
}

const fields = "input, textarea, select, [contenteditable=true]";
const secondary = 2;

/** The row that was meant; none in fields, over a selection, or with Shift, which asks for the browser's own. */
function rowOf(e: MouseEvent): HTMLElement | null {
  const target = e.target instanceof Element ? e.target : null;
  if (!target || target.closest(fields) || (e.shiftKey && e.button === secondary)) return null;
  if (!getSelection()?.isCollapsed) return null;
  const own = target.closest<HTMLElement>("[data-list-row]");
  return own ?? target.closest("li")?.querySelector<HTMLElement>("[data-list-row]") ?? null;
}

/** A row that shows its item beside the list is pressed; one that leads to another page is only focused. */
function select(row: HTMLElement) {
  const beside = row instanceof HTMLAnchorElement && row.pathname === window.location.pathname;
  row.focus({ preventScroll: true });
  if (beside) row.click();
}

/** Where the pointer is; by key, under the row's start. */
function pointOf(e: MouseEvent, row: HTMLElement): PointAt {
  if (e.button === secondary || e.clientX || e.clientY) return { x: e.clientX, y: e.clientY };
  const box = row.getBoundingClientRect();
  return { x: box.left + 24, y: box.bottom };
}
