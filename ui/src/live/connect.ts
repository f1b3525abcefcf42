import { type Message, openStream } from "./events";

/**
 * Joins the stream of this browser; answers how to leave. Where there is no SharedWorker one tab leads: it
 * holds a lock and the stream, and tells the others by BroadcastChannel; when it closes the next one leads.
 */
export function connectLive(receive: (m: Message) => void): () => void {
  if (typeof SharedWorker !== "undefined") return byWorker(receive);
  if (typeof BroadcastChannel !== "undefined" && navigator.locks) return byLeader(receive);
  return openStream(receive);
}

function byWorker(receive: (m: Message) => void): () => void {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "hypercare-live",
  });
  const bye = () => worker.port.postMessage("bye");
  worker.port.onmessage = (e: MessageEvent<Message>) => receive(e.data);
  window.addEventListener("pagehide", bye);
  return () => {
    window.removeEventListener("pagehide", bye);
    bye();
    worker.port.close();
  };
}

function byLeader(receive: (m: Message) => void): () => void {
  const channel = new BroadcastChannel("hypercare-live");
  const stop = new AbortController();
  channel.onmessage = (e: MessageEvent<Message>) => receive(e.data);
  void navigator.locks
    .request("hypercare-live", { signal: stop.signal }, () => {
      const close = openStream((m) => {
        receive(m);
        channel.postMessage(m);
      });
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
