import { Link } from "@tanstack/react-router";
import { Clock, Layers, ShieldAlert } from "lucide-react";
import { memo } from "react";
import { isSnoozed } from "@/api/filter";
import type { Feedback } from "@/api/types";
import { t } from "@/i18n";
import { moment } from "@/i18n/format";
import { useMoved } from "@/live/moved";
import { cx } from "@/ui/cx";
import { Glyph, Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Time, useNow, useZone } from "@/ui/time";
import { MovedWord } from "../shared/moved";
import { ChannelIcon } from "./channel-icon";
import { authorOf, headOf, kinds } from "./names";

export const rowHeights = { compact: 72, default: 91, relaxed: 103 } as const;

interface Props {
  item: Feedback;
  launchId: string;
  current: boolean;
  unread: boolean;
  marked: boolean;
  marking: boolean;
  compact: boolean;
  staying: boolean;
  onMark: (id: string, range: boolean) => void;
}

/** One feedback in the list: who and when, what, how it goes on, and what triage made of it. */
export const ListRow = memo(function ListRow({
  item,
  launchId,
  current,
  unread,
  marked,
  marking,
  compact,
  staying,
  onMark,
}: Props) {
  const heading = rowHeading(item);
  const moved = useMoved(item.id);
  const gone = staying || moved?.what === "changed" ? undefined : moved;
  return (
    <div
      className={cx(
        "group relative h-full border-line border-b py-[9px] pr-3.5 pl-7 text-row",
        gone && "moved-away",
        current ? "bg-selected shadow-[inset_2px_0_0_var(--accent)]" : "hover:bg-hover",
      )}
    >
      <span
        aria-hidden="true"
        className={cx(
          "absolute top-[15px] left-[13px] size-1.5 rounded-full",
          (unread || current) && !marking && "bg-accent",
          "group-hover:opacity-0 group-focus-within:opacity-0",
        )}
      />
      <label
        className={cx(
          "absolute top-1 left-0 z-10 grid size-7 place-items-center pointer-coarse:top-8 pointer-coarse:-left-1.5 pointer-coarse:size-10",
          marking || marked
            ? ""
            : "opacity-0 group-hover:opacity-100 focus-within:opacity-100 pointer-coarse:opacity-100",
        )}
      >
        <span className="sr-only">{t("feedback.mark", { title: headOf(item) })}</span>
        <input
          type="checkbox"
          tabIndex={current ? 0 : -1}
          checked={marked}
          onChange={(e) => onMark(item.id, (e.nativeEvent as MouseEvent).shiftKey)}
          className="size-3.5 accent-accent"
        />
      </label>
      <Link
        to="/launches/$launchId/feedback"
        from="/launches/$launchId/feedback"
        params={{ launchId }}
        search={(s) => ({ ...s, item: item.id })}
        preload={false}
        tabIndex={current ? 0 : -1}
        data-list-row=""
        data-current={current || undefined}
        aria-current={current ? "true" : undefined}
        className="block after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        <span className="flex items-center gap-[7px]">
          <span className="min-w-0 flex-1 truncate text-fg-2">{authorOf(item)}</span>
          <ChannelIcon channel={item.channel} />
          <Time at={item.occurred_at} className="num text-meta text-fg-3" />
        </span>
        {heading ? (
          <>
            <span
              className={cx(
                "block truncate leading-[19px]",
                unread || current ? "font-semibold" : "font-medium",
              )}
            >
              {heading}
            </span>
            {compact ? null : (
              <span dir="auto" className="block truncate text-[12.25px] leading-[17px] text-fg-2">
                {t("feedback.quote", { text: item.snippet })}
              </span>
            )}
          </>
        ) : (
          <span
            dir="auto"
            className={cx(
              "leading-[18px] [overflow-wrap:anywhere]",
              compact ? "block truncate" : "line-clamp-2 min-h-9",
              unread || current ? "font-550" : "font-medium",
            )}
          >
            {t("feedback.quote", { text: item.snippet })}
          </span>
        )}
      </Link>
      {gone ? (
        <span className="mt-[3px] flex items-center gap-3 overflow-hidden text-meta whitespace-nowrap">
          <Severity level={item.severity} />
          <MovedWord moved={gone} />
        </span>
      ) : null}
      <span
        className={cx(
          "mt-[3px] flex items-center gap-3 overflow-hidden text-meta whitespace-nowrap",
          gone && "hidden",
        )}
      >
        <Snoozed item={item} />
        {kinds[item.category] ? (
          <span className="inline-flex items-center gap-1 text-fg-2">
            <Glyph state="idle" />
            {kinds[item.category]?.()}
          </span>
        ) : (
          <Severity level={item.severity} />
        )}
        {item.security && item.category !== "security" ? (
          <span className="inline-flex items-center gap-1 text-critical">
            <Icon of={ShieldAlert} size={12} />
            {t("feedback.security")}
          </span>
        ) : null}
        {item.alike > 0 ? (
          <span className="inline-flex items-center gap-1 text-fg-3">
            <Icon of={Layers} size={12} />
            {t("feedback.alike", { count: item.alike })}
          </span>
        ) : null}
        {item.issue ? <span className="id text-fg-3">{item.issue.key}</span> : null}
        {item.unsure ? <span className="text-fg-3">{t("feedback.unsure")}</span> : null}
      </span>
    </div>
  );
});

/**
 * The line above the quote: its title, or in short what a longer text says. A short text has neither and
 * stands for itself.
 */
export function rowHeading(item: Pick<Feedback, "title" | "summary" | "snippet">): string {
  if (item.title && item.title !== item.snippet) return item.title;
  const start = item.snippet.replace(/…$/, "");
  return item.summary && !start.startsWith(item.summary.replace(/…$/, "")) ? item.summary : "";
}

/** Until when it is put off; nothing once it is back. */
function Snoozed({ item }: { item: Feedback }) {
  const zone = useZone();
  const now = useNow();
  if (!item.snoozed_until || !isSnoozed(item, now)) return null;
  return (
    <span className="inline-flex items-center gap-1 text-fg-2">
      <Icon of={Clock} size={12} />
      <span className="num">{t("feedback.until", { when: moment(item.snoozed_until, zone, now) })}</span>
    </span>
  );
}
