import { Link } from "@tanstack/react-router";
import type { FeedbackTab } from "@/api/filter";
import type { Launch } from "@/api/types";
import { t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Snippet } from "@/ui/snippet";
import { Empty } from "@/ui/states";
import { curlSnippet } from "../launch/snippets";

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
    <Empty
      title={t("feedback.noneTitle")}
      action={
        <Link
          to="/launches/$launchId/send"
          params={{ launchId: launch.id }}
          className={buttonClass("primary")}
        >
          {t("send.title")}
        </Link>
      }
    >
      <p>{t("feedback.noneText")}</p>
      <Snippet label={t("send.curl")} text={curlSnippet(window.location.origin, launch.id, "")} />
    </Empty>
  );
}
