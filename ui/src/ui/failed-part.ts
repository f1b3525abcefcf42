import { toasts } from "@/app/toasts";
import { t } from "@/i18n";

/** Says that code could not be fetched: offline, or a newer version has replaced the files of this page. */
export function failedPart(_why: unknown): void {
  toasts.show(t("error.part"), { tone: "error" });
}
