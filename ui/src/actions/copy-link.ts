import { Link2 } from "lucide-react";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { explain } from "@/ui/states";
import type { Scope } from "./registry";
import { useActions } from "./use-actions";

/** Puts an address of this server on the clipboard and says so. */
export async function copyLink(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(new URL(path, window.location.origin).href);
    toasts.show(t("toast.linkCopied"));
  } catch (e) {
    // Without TLS or permission there is no clipboard.
    toasts.show(e instanceof DOMException || e instanceof TypeError ? t("error.clipboard") : explain(e), {
      tone: "error",
    });
  }
}

/** C L for what is under the cursor: the address that leads to it from everywhere, such as /issues/HC-12. */
export function useCopyLink(path: string | undefined, scope: Scope = "item"): void {
  useActions([
    {
      id: "item.copy-link",
      keys: ["c l"],
      scope,
      label: t("action.copyItemLink"),
      icon: Link2,
      when: () => path !== undefined,
      run: () => void copyLink(path ?? ""),
    },
  ]);
}
