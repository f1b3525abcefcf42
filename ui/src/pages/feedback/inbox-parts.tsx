import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import type { FeedbackTab } from "@/api/filter";
import type { Launch } from "@/api/types";
import { t } from "@/i18n";
import { arrivedKey } from "@/live/cache";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Snippet } from "@/ui/snippet";
import { Empty } from "@/ui/states";
import { curlSnippet } from "../launch/snippets";

/** "12 new": what came while somebody was reading waits here until it is asked for. */
export function ArrivedPill({ launchId, onShow }: { launchId: string; onShow: () => void }) {
  const { data = 0 } = useQuery<number>({
    queryKey: [...arrivedKey(launchId)],
    queryFn: () => 0,
    enabled: false,
    initialData: 0,
  });
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-x-0 top-2 z-20 grid justify-items-center"
    >
      {data > 0 ? (
        <button
          type="button"
          onClick={onShow}
          className="appear pointer-events-auto inline-flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-dense font-medium text-accent-fg shadow-float hover:bg-accent-hover"
        >
          <Icon of={ArrowUp} size={13} />
          {t("feedback.arrived", { count: data })}
        </button>
      ) : null}
    </div>
  );
}

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
