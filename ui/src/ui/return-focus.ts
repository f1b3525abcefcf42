import { useMemo } from "react";

/**
 * Where the focus goes when a dialog closes: what had it when the dialog was drawn, before a field inside
 * took it; the page when nothing that keys reach had it, or that is gone. The page is focused here: what the dialog is handed
 * it searches for something to type into, and single keys would land there.
 */
export function useReturnFocus(open: boolean): () => HTMLElement | false {
  return useMemo(() => {
    const before = open && document.activeElement instanceof HTMLElement ? document.activeElement : null;
    return () => {
      if (before?.isConnected && before.tabIndex >= 0) return before;
      document.getElementById("main")?.focus({ preventScroll: true });
      return false;
    };
  }, [open]);
}
