import { type Message, openStream } from "./events";

type Receive = (m: Message) => void;

/**
 * Joins the stream of this browser; answers how to leave. Where there is no SharedWorker one tab leads: it
 * holds a lock and the stream, and tells the others by BroadcastChannel; when it closes the next one leads.
 */
export function connectLive(receive: Receive): () => void {
  if (typeof SharedWorker !== "undefined") return byWorker(receive);
  if (typeof BroadcastChannel !== "undefined" && navigator.locks) return byLeader(receive);
  return openStream(receive);
}

export function byWorker(receive: Receive): () => void {
  let port: MessagePort | undefined;
  const join = () => {
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: "hypercare-live",
    });
    port = worker.port;
    port.onmessage = (e: MessageEvent<Message>) => receive(e.data);
  };
  const leave = () => {
    port?.postMessage("bye");
    port?.close();
    port = undefined;
  };
  // A page that is taken out of the browser's back and forward cache has missed what happened meanwhile.
  const back = (e: PageTransitionEvent) => {
    if (!e.persisted || port) return;
    join();
    receive({ kind: "reload" });
  };
  join();
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", back);
  return () => {
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("pageshow", back);
    leave();
  };
}

/** Who joins asks how things stand; the leader answers everybody. */
type Told = Message | { kind: "ask" };

export function byLeader(receive: Receive): () => void {
  const channel = new BroadcastChannel("hypercare-live");
  const stop = new AbortController();
  // Whoever leads next takes the stream up where this tab last heard it.
  let last = "";
  let leading = false;
  let state: Message = { kind: "state", live: false, at: Date.now() };
  const hear = (m: Message) => {
    if (m.kind === "event") last = m.id;
    if (m.kind === "state") state = m;
    receive(m);
  };
  channel.onmessage = (e: MessageEvent<Told>) => {
    if (e.data.kind !== "ask") hear(e.data);
    else if (leading) channel.postMessage(state);
  };
  channel.postMessage({ kind: "ask" } satisfies Told);
  void navigator.locks
    .request("hypercare-live", { signal: stop.signal }, () => {
      leading = true;
      const close = openStream((m) => {
        hear(m);
        channel.postMessage(m);
      }, last);
      return new Promise<void>((resolve) =>
        stop.signal.addEventListener("abort", () => {
          close();
          resolve();
        }),
      );
    })
    .catch(() => {
      // Left while waiting for the lock: nothing was opened.
    });
  return () => {
    stop.abort();
    channel.close();
  };
}
