import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { t } from "@/i18n";
import { shortTime } from "@/i18n/format";
import type { Stream } from "@/live/join";
import { useZone } from "@/ui/time";
import { useOnline } from "./offline";

interface Live {
  live: boolean;
  /** The line has been cut for longer than a moment: what is on the page may be old, and pages say so. */
  stale: boolean;
  /** When the last sign of life came, in ms; what is on the page is at least that fresh. */
  since: number;
}

const LiveContext = createContext<Live>({ live: false, stale: false, since: 0 });

/** Cuts shorter than this are mended before anybody needs to know. */
const moment = 10_000;

/** Joins the stream of events while the shell is on the page. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const online = useOnline();
  const [stream, setStream] = useState<Stream>({ live: false, since: Date.now() });
  const [stale, setStale] = useState(false);
  const live = stream.live && online;
  useEffect(() => {
    let left = false;
    let leave: (() => void) | undefined;
    // Not part of what must be there before the first page is drawn.
    void import("@/live/join")
      .then(({ joinLive }) => {
        if (left) return;
        leave = joinLive(cache, (now) => setStream((s) => (s.live || now.live ? now : s)));
      })
      .catch(() => {
        // It could not be had: the page is not live, and says so.
      });
    return () => {
      left = true;
      leave?.();
    };
  }, [cache]);
  useEffect(() => {
    if (live) {
      setStale(false);
      return;
    }
    if (stream.live) setStream({ live: true, since: Date.now() }); // offline from now on
    const timer = setTimeout(() => setStale(true), moment);
    return () => clearTimeout(timer);
  }, [live, stream.live]);
  const { since } = stream;
  return <LiveContext value={{ live, stale, since }}>{children}</LiveContext>;
}

/** The dot: filled and breathing while events come, hollow when not, and soon with the time of the last one. */
export function LiveDot({ wordy = false }: { wordy?: boolean }) {
  const { live, stale, since } = useContext(LiveContext);
  const zone = useZone();
  const time = shortTime(new Date(since).toISOString(), zone);
  const label = live ? t("live.on") : t("live.off", { time });
  return (
    <span
      role="status"
      title={label}
      className="inline-flex min-w-0 items-center gap-1.5 text-[12px] whitespace-nowrap text-fg-2"
    >
      <span className="live-dot m-[3px] flex-none" data-state={live ? "live" : "stale"} aria-hidden="true" />
      {stale ? (
        <span aria-hidden="true" className="truncate">
          {t("live.stale", { time })}
        </span>
      ) : null}
      <span className={wordy && !stale ? "max-md:sr-only" : "sr-only"}>{label}</span>
    </span>
  );
}
