/** The events of GET /api/v1/events, and how one stream serves every tab of the browser. */

export const eventTypes = [
  "feedback.created",
  "feedback.updated",
  "feedback.deleted",
  "issue.created",
  "issue.updated",
  "import.progress",
  "launch.created",
  "launch.updated",
  "proposals.updated",
  "rule.updated",
  "delivery.updated",
  "member.updated",
  "workspace.updated",
  "note.created",
  "note.updated",
  "mention.updated",
] as const;
export type EventType = (typeof eventTypes)[number];

export interface LiveEvent {
  type: EventType;
  /** What changed; absent when several did, and then `count` says how many. */
  id?: string;
  count?: number;
  launch_id?: string;
  [key: string]: unknown;
}

/** "reload": events were lost, so everything is to be read again. */
export type Message =
  | { kind: "event"; event: LiveEvent }
  | { kind: "state"; live: boolean }
  | { kind: "reload" };

const firstWait = 2_000;
const longestWait = 30_000;

/**
 * Holds one EventSource. The browser reconnects by itself after a cut, with Last-Event-ID; after an answer
 * that is no stream (signed out, proxy error) it gives up, and then this tries again, ever more slowly.
 */
export function openStream(send: (m: Message) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  const open = () => {
    source = new EventSource("/api/v1/events");
    source.onopen = () => {
      wait = firstWait;
      send({ kind: "state", live: true });
    };
    source.onerror = () => {
      send({ kind: "state", live: false });
      if (source?.readyState === EventSource.CLOSED) {
        timer = setTimeout(open, wait);
        wait = Math.min(wait * 2, longestWait);
      }
    };
    source.addEventListener("reload", () => send({ kind: "reload" }));
    for (const type of eventTypes) {
      source.addEventListener(type, (e) => {
        try {
          send({ kind: "event", event: { ...JSON.parse((e as MessageEvent<string>).data), type } });
        } catch {
          // One event that cannot be read must not end the stream; the next refetch brings the data.
        }
      });
    }
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
