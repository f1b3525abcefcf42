import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { t } from "@/i18n";
import { shortTime } from "@/i18n/format";
import { followEvents } from "@/live/cache";
import { connectLive } from "@/live/connect";
import { useZone } from "@/ui/time";

interface Live {
  live: boolean;
  /** When the last sign of life came, in ms; what is on the page is at least that fresh. */
  since: number;
}

const LiveContext = createContext<Live>({ live: false, since: 0 });

/** Joins the stream of events while the shell is on the page. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [state, setState] = useState<Live>({ live: false, since: Date.now() });
  useEffect(() => {
    const follow = followEvents(cache);
    let cut = false;
    const leave = connectLive((m) => {
      if (m.kind === "event") {
        follow.push(m.event);
        return;
      }
      if (m.kind === "reload") {
        void cache.invalidateQueries();
        return;
      }
      // What happened while the line was cut may be older than the server's replay: read again.
      if (m.live && cut) void cache.invalidateQueries();
      cut = !m.live;
      setState((s) => (s.live === m.live ? s : { live: m.live, since: Date.now() }));
    });
    return () => {
      leave();
      follow.stop();
    };
  }, [cache]);
  return <LiveContext value={state}>{children}</LiveContext>;
}

/** The dot: filled and breathing while events come, hollow with the time of the last one when not. */
export function LiveDot({ wordy = false }: { wordy?: boolean }) {
  const { live, since } = useContext(LiveContext);
  const zone = useZone();
  const label = live ? t("live.on") : t("live.off", { time: shortTime(new Date(since).toISOString(), zone) });
  return (
    <span
      role="status"
      title={label}
      className="inline-flex items-center gap-1.5 text-[12px] whitespace-nowrap text-fg-2"
    >
      <span className="live-dot m-[3px]" data-state={live ? "live" : "stale"} aria-hidden="true" />
      <span className={wordy ? "max-md:sr-only" : "sr-only"}>{label}</span>
    </span>
  );
}
