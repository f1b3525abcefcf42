import { Link } from "@tanstack/react-router";
import type { Launch } from "@/api/types";
import { t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { Snippet } from "@/ui/snippet";
import { Empty } from "@/ui/states";
import { curlSnippet } from "../launch/snippets";

/** The inbox of a launch to which nothing was ever said: how that begins. */
export default function FirstReport({ launch }: { launch: Launch }) {
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
