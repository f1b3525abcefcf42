import { t } from "@/i18n";
import { useActions } from "./use-actions";

/** J and K over rows that are links: the focus is the cursor, Enter is the browser's own. */
export function useRowKeys(count: number): void {
  const step = (by: number) => {
    const rows = [...document.querySelectorAll<HTMLElement>("#main [data-list-row]")];
    const at = rows.findIndex((r) => r === document.activeElement || r.contains(document.activeElement));
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useActions([
    {
      id: "list.next",
      keys: ["j", "arrowdown"],
      scope: "list",
      label: t("action.next"),
      hint: t("hint.move"),
      hintKeys: ["j", "k"],
      when: () => count > 0,
      keysOnly: true,
      run: () => step(1),
    },
    {
      id: "list.previous",
      keys: ["k", "arrowup"],
      scope: "list",
      label: t("action.previous"),
      when: () => count > 0,
      keysOnly: true,
      run: () => step(-1),
    },
  ]);
}
