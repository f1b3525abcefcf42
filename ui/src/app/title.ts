import { useEffect } from "react";
import { t } from "@/i18n";

/** The name of the tab: what the page shows first, then the product. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = t("app.title", { page: title });
  }, [title]);
}
