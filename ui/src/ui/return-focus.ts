import { useMemo } from "react";

/**
 * Where the focus goes when a dialog closes: what had it when the dialog was drawn, before a field inside
 * took it; the page when that is gone.
 */
export function useReturnFocus(open: boolean): () => HTMLElement | null {
  return useMemo(() => {
    const before = open && document.activeElement instanceof HTMLElement ? document.activeElement : null;
    return () => (before?.isConnected && before !== document.body ? before : document.getElementById("main"));
  }, [open]);
}
