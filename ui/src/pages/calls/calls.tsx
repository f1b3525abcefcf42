import { Page } from "@/app/page";
import { t } from "@/i18n";

export default function Later() {
  return <Page title={t("nav.calls")}>{null}</Page>;
}
