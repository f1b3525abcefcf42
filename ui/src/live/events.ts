/** The events of GET /api/v1/events, and how one stream serves every tab of the browser. */
import type { components } from "@/schema.gen";

/** One event; its type says what it carries. */
export type LiveEvent = components["schemas"]["StreamEvent"];
export type EventType = LiveEvent["type"];
export type EventOf<T extends EventType> = Extract<LiveEvent, { type: T }>;

/** Every type there is: one that the server adds does not compile until it is here. */
const known: Record<EventType, true> = {
  "feedback.created": true,
  "feedback.updated": true,
  "feedback.deleted": true,
  "issue.created": true,
  "issue.updated": true,
  "import.progress": true,
  "launch.created": true,
  "launch.updated": true,
  "proposals.updated": true,
  "rule.updated": true,
  "delivery.updated": true,
  "channel.updated": true,
  "release.updated": true,
  "error.updated": true,
  "message.updated": true,
  "member.updated": true,
  "workspace.updated": true,
  "note.created": true,
  "note.updated": true,
  "mention.updated": true,
  "view.updated": true,
  "application.updated": true,
  "plan.updated": true,
  "gateway.published": true,
  "target.updated": true,
  "rollout.created": true,
  "rollout.updated": true,
  "alert.updated": true,
  "rulegroup.updated": true,
  "evidence.updated": true,
  "alertgroup.updated": true,
};
export const eventTypes = Object.keys(known) as EventType[];

/**
 * What the holder of the stream tells each tab. `at` is when the last sign of life came; `id` is where a
 * stream is taken up behind this event. "reload": events were lost, so everything is to be read again.
 */
export type Message =
  | { kind: "event"; event: LiveEvent; id: string }
  | { kind: "state"; live: boolean; at: number }
  | { kind: "reload" };

const firstWait = 2_000;
const longestWait = 30_000;
/** The server beats every 15 s: a line that says nothing for that long twice is dead, whatever it claims. */
const deadAfter = 35_000;

/**
 * Holds one EventSource, from behind the event `last` on. The browser reconnects by itself after a cut, with
 * Last-Event-ID; after an answer that is no stream (signed out, proxy error), on a line gone silent and when
 * the network is back, this opens a new one that takes up behind the last event.
 */
export function openStream(send: (m: Message) => void, last = ""): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  let at = Date.now();
  let live = false;

  const tell = (now: boolean) => {
    live = now;
    send({ kind: "state", live: now, at });
  };
  const heard = (e: MessageEvent<string>) => {
    at = Date.now();
    if (e.lastEventId) last = e.lastEventId;
    clearTimeout(watchdog);
    watchdog = setTimeout(silent, deadAfter);
  };
  const silent = () => {
    tell(false);
    open();
  };
  const open = () => {
    clearTimeout(retry);
    source?.close();
    const from = last ? `?last_event_id=${encodeURIComponent(last)}` : "";
    const mine = new EventSource(`/api/v1/events${from}`);
    source = mine;
    mine.onopen = () => {
      wait = firstWait;
      at = Date.now();
      clearTimeout(watchdog);
      watchdog = setTimeout(silent, deadAfter);
      tell(true);
    };
    mine.onerror = () => {
      clearTimeout(watchdog);
      tell(false);
      if (mine.readyState !== EventSource.CLOSED) return;
      clearTimeout(retry);
      retry = setTimeout(open, wait);
      wait = Math.min(wait * 2, longestWait);
    };
    for (const type of ["hello", "beat"]) mine.addEventListener(type, heard);
    mine.addEventListener("reload", (e) => {
      heard(e);
      send({ kind: "reload" });
    });
    for (const type of eventTypes) {
      mine.addEventListener(type, (e) => {
        heard(e);
        try {
          send({ kind: "event", event: { ...JSON.parse(e.data), type }, id: last });
        } catch {
          // One event that cannot be read must not end the stream; the next refetch brings the data.
        }
      });
    }
  };
  const online = () => {
    if (!live) open();
  };
  globalThis.addEventListener?.("online", online);
  open();
  return () => {
    globalThis.removeEventListener?.("online", online);
    clearTimeout(retry);
    clearTimeout(watchdog);
    source?.close();
  };
}
