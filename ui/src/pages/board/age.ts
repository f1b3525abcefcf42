import { t } from "@/i18n";
import { duration } from "@/i18n/format";

/** For how long something has stood: "now" within the first minute. */
export const ageOf = (seconds: number, display?: "short" | "narrow"): string =>
  seconds < 60 ? t("board.now") : duration(seconds, display);
