import type { QueryClient } from "@tanstack/react-query";
import { askAgain, catchUp } from "./cache";
import { connectLive } from "./connect";
import { followEvents } from "./follow";

/** How the stream stands: whether it brings events, and when the last sign of life came, in ms. */
export interface Stream {
  live: boolean;
  since: number;
}

/** Brings the stream of events into the cache, and tells how it stands; answers how to leave. */
export function joinLive(cache: QueryClient, onState: (s: Stream) => void): () => void {
  const follow = followEvents(cache);
  const leave = connectLive((m) => {
    // After a cut the server replays what happened meanwhile; only when it can't is all to be read again.
    if (m.kind === "event") follow.push(m.event);
    else if (m.kind === "reload") catchUp(cache);
    else {
      if (m.live) askAgain(cache);
      onState({ live: m.live, since: m.at });
    }
  });
  return () => {
    leave();
    follow.stop();
  };
}
