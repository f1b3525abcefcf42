import { Link } from "@tanstack/react-router";
import {
  Activity,
  BellRing,
  Bug,
  type LucideIcon,
  MonitorSmartphone,
  Pin,
  PinOff,
  Rocket,
  ScrollText,
  Target,
  ThumbsDown,
  ThumbsUp,
  Waypoints,
} from "lucide-react";
import type { ReactNode } from "react";
import type { EvidenceItem } from "@/api/types";
import { t, word } from "@/i18n";
import { percent } from "@/i18n/format";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Tag, type Tone } from "@/ui/tag";
import { Time } from "@/ui/time";

const icons: Record<EvidenceItem["kind"], LucideIcon> = {
  call: Waypoints,
  error: Bug,
  span: Activity,
  log: ScrollText,
  alert: BellRing,
  release: Rocket,
  session: MonitorSmartphone,
  issue: Target,
};
const tones: Record<EvidenceItem["strength"], Tone> = { strong: "accent", likely: "plain", weak: "plain" };

/** What was found, the likeliest first, each with the reason and the strength of the join. */
export function EvidenceList({
  items,
  onPin,
  onVote,
}: {
  items: EvidenceItem[];
  onPin?: (item: EvidenceItem, pinned: boolean) => void;
  onVote?: (item: EvidenceItem, useful: boolean) => void;
}) {
  return (
    <ul className="overflow-hidden rounded-3 border border-line bg-surface">
      {items.map((i) => (
        <li
          key={`${i.feedback_id ?? ""}${i.id}`}
          className="group flex items-start gap-2.5 border-line px-3 py-2 not-first:border-t"
        >
          <span title={word("evidenceKind", i.kind)} className="mt-[2px] text-fg-3">
            <Icon of={icons[i.kind]} size={14} />
            <span className="sr-only">{word("evidenceKind", i.kind)}</span>
          </span>
          <div className="min-w-0 flex-1">
            <p className="flex flex-wrap items-center gap-x-2">
              <To item={i}>
                <span data-user="" className="font-550 [overflow-wrap:anywhere]">
                  {i.title}
                </span>
              </To>
              <Tag tone={tones[i.strength]} className={i.strength === "weak" ? "opacity-80" : undefined}>
                {word("strength", i.strength)}
              </Tag>
              {i.kept_copy ? <Tag>{t("evidence.kept")}</Tag> : null}
              {i.contradicts ? <Tag tone="watch">{t("evidence.contradicts")}</Tag> : null}
            </p>
            <p data-user="" className="text-dense text-fg-2 [overflow-wrap:anywhere]">
              {i.reason}
            </p>
            <details className="text-meta text-fg-3">
              <summary className="w-fit cursor-pointer">
                {t("evidence.why", { percent: percent(i.score) })} · <Time at={i.at} />
              </summary>
              <ul data-user="" className="grid gap-px pt-1">
                {i.parts.map((p) => (
                  <li key={p.name + p.say} className="flex gap-2">
                    <span className={cx("num w-10 flex-none text-right", p.weight < 0 && "text-critical")}>
                      {p.weight > 0 ? "+" : ""}
                      {p.weight.toFixed(1)}
                    </span>
                    <span>{p.say || p.name}</span>
                  </li>
                ))}
              </ul>
            </details>
          </div>
          <span className="flex flex-none">
            {onVote ? (
              <>
                <IconButton
                  label={t("evidence.useful")}
                  icon={ThumbsUp}
                  size={13}
                  aria-pressed={i.useful === true}
                  onClick={() => onVote(i, true)}
                />
                <IconButton
                  label={t("evidence.useless")}
                  icon={ThumbsDown}
                  size={13}
                  aria-pressed={i.useful === false}
                  onClick={() => onVote(i, false)}
                />
              </>
            ) : null}
            {onPin ? (
              <IconButton
                label={t(i.pinned ? "evidence.unpin" : "evidence.pin")}
                icon={i.pinned ? PinOff : Pin}
                size={13}
                aria-pressed={i.pinned}
                onClick={() => onPin(i, !i.pinned)}
              />
            ) : null}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Leads to the thing itself, where it has a page. */
function To({ item: i, children }: { item: EvidenceItem; children: ReactNode }) {
  const look = "link !text-fg hover:!text-accent-text";
  if (i.call) {
    const at = new Date(i.call.at).getTime();
    const around = (by: number) => new Date(at + by).toISOString();
    return (
      <Link
        to="/gateway/calls"
        search={{ call: i.call.id, from: around(-120_000), to: around(120_000) }}
        className={look}
      >
        {children}
      </Link>
    );
  }
  const trace = i.span?.trace ?? i.log?.trace;
  if (trace)
    return (
      <Link to="/gateway/traces/$traceId" params={{ traceId: trace }} className={look}>
        {children}
      </Link>
    );
  if (i.issue?.key)
    return (
      <Link to="/issues/$issueId" params={{ issueId: i.issue.key }} className={look}>
        {children}
      </Link>
    );
  return children;
}
