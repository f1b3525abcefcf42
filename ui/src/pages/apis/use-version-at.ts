import { useEffect, useState } from "react";

/** The version in whose panel the focus is or was last; a palette or a menu does not take it away. */
export function useVersionAt(): string | undefined {
  const [at, setAt] = useState<string>();
  useEffect(() => {
    const onFocus = (e: FocusEvent) => {
      const panel = e.target instanceof Element && e.target.closest<HTMLElement>("[data-version]");
      if (panel) setAt(panel.dataset.version);
    };
    document.addEventListener("focusin", onFocus);
    return () => document.removeEventListener("focusin", onFocus);
  }, []);
  return at;
}
