import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byLeader, byWorker } from "./connect";
import { type Message, openStream } from "./events";

/** An EventSource that does what a test says. */
class Source {
  static CLOSED = 2;
  static all: Source[] = [];
  static get last(): Source {
    return Source.all[Source.all.length - 1] as Source;
  }
  static get open(): Source[] {
    return Source.all.filter((s) => s.readyState !== Source.CLOSED);
  }
  readyState = 0;
  onopen?: () => void;
  onerror?: () => void;
  private heard = new Map<string, (e: object) => void>();
  constructor(readonly url: string) {
    Source.all.push(this);
  }
  addEventListener(type: string, fn: (e: object) => void) {
    this.heard.set(type, fn);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  up() {
    this.readyState = 1;
    this.onopen?.();
  }
  down(gaveUp: boolean) {
    this.readyState = gaveUp ? Source.CLOSED : 0;
    this.onerror?.();
  }
  say(type: string, data: object, lastEventId = "") {
    this.heard.get(type)?.({ data: JSON.stringify(data), lastEventId });
  }
}

let online: EventTarget;
beforeEach(() => {
  Source.all = [];
  online = new EventTarget();
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("addEventListener", online.addEventListener.bind(online));
  vi.stubGlobal("removeEventListener", online.removeEventListener.bind(online));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
});

const listener = () => {
  const got: Message[] = [];
  return { got, hear: (m: Message) => void got.push(m) };
};
const eventIds = (list: Message[]) => list.flatMap((m) => (m.kind === "event" ? [m.event.id] : []));

test("a stream that had to be opened anew takes up behind the last event", () => {
  const { got, hear } = listener();
  const close = openStream(hear);
  expect(Source.last.url).toBe("/api/v1/events");
  Source.last.up();
  Source.last.say("hello", {}, "7-10");
  Source.last.say("issue.updated", { id: "a" }, "7-11");
  Source.last.down(true);
  expect(got.at(-1)).toMatchObject({ kind: "state", live: false });
  vi.advanceTimersByTime(2_000);
  expect(Source.all).toHaveLength(2);
  expect(Source.last.url).toBe("/api/v1/events?last_event_id=7-11");
  // Refused again and again: ever more slowly.
  Source.last.down(true);
  vi.advanceTimersByTime(2_000);
  expect(Source.all).toHaveLength(2);
  vi.advanceTimersByTime(2_000);
  expect(Source.all).toHaveLength(3);
  Source.last.up();
  Source.last.say("reload", {});
  expect(got.at(-1)).toEqual({ kind: "reload" });
  expect(eventIds(got)).toEqual(["a"]);
  close();
  expect(Source.open).toHaveLength(0);
});

test("the browser's own reconnecting is left to it", () => {
  const { got, hear } = listener();
  openStream(hear);
  Source.last.up();
  Source.last.down(false);
  expect(got.at(-1)).toMatchObject({ kind: "state", live: false });
  vi.advanceTimersByTime(20_000);
  expect(Source.all).toHaveLength(1);
  Source.last.up();
  expect(got.at(-1)).toMatchObject({ kind: "state", live: true });
});

test("a line gone silent is dead: beats keep it, their absence ends it, and the state says since when", () => {
  const { got, hear } = listener();
  openStream(hear);
  Source.last.up();
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(15_000);
    Source.last.say("beat", {});
  }
  expect(Source.all).toHaveLength(1);
  const heardAt = Date.now();
  vi.advanceTimersByTime(60_000);
  expect(got.at(-1)).toEqual({ kind: "state", live: false, at: heardAt });
  expect(Source.open).toHaveLength(1);
  expect(Source.all.length).toBeGreaterThan(1);
});

test("when the network is back it does not wait out its patience", () => {
  openStream(listener().hear);
  Source.last.down(true);
  expect(Source.all).toHaveLength(1);
  online.dispatchEvent(new Event("online"));
  expect(Source.all).toHaveLength(2);
  Source.last.up();
  online.dispatchEvent(new Event("online"));
  vi.advanceTimersByTime(30_000);
  expect(Source.all).toHaveLength(2);
});

test("an event that can't be read does not end the stream", () => {
  const { got, hear } = listener();
  openStream(hear);
  Source.last.up();
  Source.all[0]?.addEventListener("x", () => undefined);
  (Source.last as unknown as { heard: Map<string, (e: object) => void> }).heard.get("issue.updated")?.({
    data: "{",
    lastEventId: "7-12",
  });
  Source.last.say("issue.updated", { id: "b" }, "7-13");
  expect(eventIds(got)).toEqual(["b"]);
});

/** Tabs that share one worker; its ports hand messages over at once. */
async function workerOfTabs() {
  const scope: { onconnect?: (e: { ports: object[] }) => void } = {};
  vi.stubGlobal("self", scope);
  await import("./worker");
  const pages: EventTarget[] = [];
  class Worker {
    port: { onmessage?: (e: object) => void; postMessage: (m: unknown) => void; close: () => void };
    constructor() {
      const inside = {
        onmessage: undefined as ((e: object) => void) | undefined,
        postMessage: (m: unknown) => this.port.onmessage?.({ data: m }),
      };
      this.port = { postMessage: (m) => inside.onmessage?.({ data: m }), close: () => undefined };
      queueMicrotask(() => scope.onconnect?.({ ports: [inside] }));
    }
  }
  vi.stubGlobal("SharedWorker", Worker);
  const tab = () => {
    const page = new EventTarget();
    pages.push(page);
    vi.stubGlobal("window", page);
    const l = listener();
    return { ...l, leave: byWorker(l.hear), page };
  };
  return { tab };
}

test("tabs of a browser share one stream, which ends with the last of them", async () => {
  const { tab } = await workerOfTabs();
  const one = tab();
  await Promise.resolve();
  Source.last.up();
  const two = tab();
  await Promise.resolve();
  expect(Source.all).toHaveLength(1);
  // Who comes later hears at once how things stand.
  expect(two.got).toMatchObject([{ kind: "state", live: true }]);
  Source.last.say("issue.updated", { id: "a" }, "7-1");
  expect(eventIds(one.got)).toEqual(["a"]);
  expect(eventIds(two.got)).toEqual(["a"]);
  one.leave();
  Source.last.say("issue.updated", { id: "b" }, "7-2");
  expect(eventIds(one.got)).toEqual(["a"]);
  expect(eventIds(two.got)).toEqual(["a", "b"]);
  two.page.dispatchEvent(new Event("pagehide"));
  expect(Source.open).toHaveLength(0);
  // Out of the back and forward cache it joins again, and reads again what it missed.
  two.page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await Promise.resolve();
  expect(two.got.some((m) => m.kind === "reload")).toBe(true);
  expect(Source.open).toHaveLength(1);
});

/** Channels and locks of one browser, as far as they are needed. */
function browser() {
  const channels = new Set<{ onmessage?: (e: object) => void }>();
  class Channel {
    onmessage?: (e: object) => void;
    constructor() {
      channels.add(this);
    }
    postMessage(data: unknown) {
      for (const c of channels) if (c !== this) c.onmessage?.({ data });
    }
    close() {
      channels.delete(this);
    }
  }
  let queue: (() => void)[] = [];
  let held = false;
  const locks = {
    request(_: string, { signal }: { signal: AbortSignal }, fn: () => Promise<void>) {
      return new Promise<void>((resolve, reject) => {
        const run = () => {
          held = true;
          void fn().then(() => {
            held = false;
            resolve();
            queue.shift()?.();
          });
        };
        signal.addEventListener("abort", () => {
          queue = queue.filter((q) => q !== run);
          reject(new Error("aborted"));
        });
        if (held) queue.push(run);
        else run();
      });
    },
  };
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("navigator", { locks });
}

test("without shared workers one tab leads, and the next one goes on where it stopped", async () => {
  browser();
  const one = listener();
  const leave = byLeader(one.hear);
  Source.last.up();
  const two = listener();
  byLeader(two.hear);
  expect(Source.all).toHaveLength(1);
  expect(two.got).toMatchObject([{ kind: "state", live: true }]);
  Source.last.say("issue.updated", { id: "a" }, "7-1");
  expect([eventIds(one.got), eventIds(two.got)]).toEqual([["a"], ["a"]]);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(Source.open).toHaveLength(1);
  expect(Source.last.url).toBe("/api/v1/events?last_event_id=7-1");
  Source.last.up();
  Source.last.say("issue.updated", { id: "b" }, "7-2");
  expect(eventIds(one.got)).toEqual(["a"]);
  expect(eventIds(two.got)).toEqual(["a", "b"]);
});
