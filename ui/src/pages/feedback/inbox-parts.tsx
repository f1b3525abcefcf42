import { lazy, Suspense } from "react";
import type { FeedbackTab } from "@/api/filter";
import type { Launch } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";

/** How to send the first report is shown once in the life of a launch. */
const FirstReport = lazy(() => import("./first-report"));

export function EmptyInbox({
  launch,
  filtered,
  tab,
  onClear,
}: {
  launch: Launch;
  filtered: boolean;
  tab: FeedbackTab;
  onClear: () => void;
}) {
  if (filtered) {
    return (
      <Empty
        title={t("feedback.noneFiltered")}
        action={<Button onClick={onClear}>{t("filter.clear")}</Button>}
      >
        <p>{t("feedback.noneFilteredText")}</p>
      </Empty>
    );
  }
  if (launch.counts.feedback > 0) {
    return (
      <Empty title={t(tab === "triage" ? "feedback.doneTitle" : "feedback.noneTab")}>
        <p>{t(tab === "triage" ? "feedback.doneText" : `feedback.none.${tab}`)}</p>
      </Empty>
    );
  }
  return (
    <Suspense>
      <FirstReport launch={launch} />
    </Suspense>
  );
}
