import type { ReactNode } from "react";
import { cx } from "./cx";

export type Tone = "plain" | "ok" | "watch" | "degraded" | "critical" | "accent";

const tones: Record<Tone, string> = {
  plain: "bg-muted text-fg-2",
  ok: "bg-ok-soft text-ok",
  watch: "bg-watch-soft text-watch",
  degraded: "bg-degraded-soft text-degraded",
  critical: "bg-critical-soft text-critical",
  accent: "bg-accent-soft text-accent-text",
};

export function Tag({
  tone = "plain",
  title,
  className,
  user,
  children,
}: {
  tone?: Tone;
  title?: string;
  className?: string;
  /** It says what somebody wrote, not a word of ours. */
  user?: boolean;
  children: ReactNode;
}) {
  return (
    <span
      data-user={user ? "" : undefined}
      title={title}
      className={cx(
        "forced-edge inline-flex h-[18px] max-w-full items-center gap-1 truncate rounded-1 px-1.5 text-[11px] leading-[18px] font-medium whitespace-nowrap",
        tones[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}
