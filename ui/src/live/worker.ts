/// <reference lib="webworker" />
import { type Message, openStream } from "./events";

// HTTP/1.1 allows six connections to one host, so a stream for each tab would hang the seventh. This
// shared worker holds one and passes it on by port; it ends with its last tab.
const ports = new Set<MessagePort>();
let close: (() => void) | undefined;
let state: Message = { kind: "state", live: false, at: Date.now() };

function send(m: Message) {
  if (m.kind === "state") state = m;
  for (const port of ports) port.postMessage(m);
}

(self as unknown as SharedWorkerGlobalScope).onconnect = (e) => {
  const port = e.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = (m: MessageEvent<string>) => {
    if (m.data !== "bye") return;
    ports.delete(port);
    if (ports.size === 0) {
      close?.();
      close = undefined;
    }
  };
  close ??= openStream(send);
  port.postMessage(state);
};
