import { useInfiniteQuery } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import { useEffect, useRef } from "react";
import { useActions } from "@/actions/use-actions";
import { mentionsQuery } from "@/api/notes";
import type { Mention } from "@/api/types";
import { t } from "@/i18n";
import { compact } from "@/i18n/format";
import { Icon } from "@/ui/icon";
import { overlays } from "./overlay";
import { toasts } from "./toasts";

/** Where a mention was written, in a word: HC-12, or the number of the report. */
export const whereOf = (m: Mention): string =>
  m.issue?.key ?? t("mentions.report", { number: m.feedback?.number ?? 0 });

/** How many notes that call on me are unread. */
export function useUnread(): number {
  return useInfiniteQuery(mentionsQuery).data?.pages[0]?.unread ?? 0;
}

/** The way to the notes that call on me, with how many are unread; new ones are also said at once. */
export default function MentionBell({ wide, className }: { wide: boolean; className: string }) {
  const unread = useUnread();
  useNews();
  useActions([
    {
      id: "go.mentions",
      keys: ["g n"],
      scope: "global",
      label: t("action.go", { place: t("mentions.title") }),
      icon: Bell,
      run: () => overlays.show("mentions"),
    },
  ]);
  return (
    <button
      type="button"
      title={wide ? undefined : t("mentions.title")}
      className={className}
      onClick={() => overlays.show("mentions")}
    >
      <Icon of={Bell} />
      <span className={wide ? "" : "sr-only"} aria-hidden={unread ? true : undefined}>
        {t("mentions.title")}
      </span>
      {unread ? <span className="sr-only">{t("mentions.open", { count: unread })}</span> : null}
      {unread ? (
        <span
          aria-hidden="true"
          className={
            wide
              ? "num ml-auto rounded-full bg-accent-soft px-1.5 text-[11px] leading-[17px] font-medium text-accent-text"
              : "num absolute -top-[3px] -right-1 rounded-full bg-accent px-1 text-[9.5px] leading-[14px] text-accent-fg"
          }
        >
          {compact(unread)}
        </span>
      ) : null}
    </button>
  );
}

/** Says who called on the reader while the page was open. */
function useNews() {
  const { data } = useInfiniteQuery(mentionsQuery);
  const newest = data?.pages[0]?.items[0];
  const seen = useRef<string>(undefined);
  useEffect(() => {
    if (!data) return;
    const before = seen.current;
    const at = newest?.at ?? "";
    seen.current = at;
    // What was there when the page was opened is no news; nor is an older one, after the newest was deleted.
    if (before === undefined || !newest || newest.read_at || at <= before) return;
    toasts.show(t("mentions.toast", { who: newest.by.name, where: whereOf(newest) }));
  }, [data, newest]);
}
