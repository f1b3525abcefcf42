import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

// A browser's window is more than is needed here: what record() takes hold of,
// and nothing else. The whole is tried in Chromium (ui/e2e/stories/20-widget).
const listeners = new Map<string, (e: unknown) => void>();
const answers = vi.fn();
class Xhr {
  headers: Record<string, string> = {};
  status = 502;
  done?: () => void;
  open() {}
  send() {}
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  addEventListener(_: string, fn: () => void) {
    this.done = fn;
  }
  getAllResponseHeaders = () => "content-type: text/plain\r\nx-request-id: call-2\r\n";
}
const host = { name: "host" };
let kit: typeof import("./record");

beforeAll(async () => {
  const location = new URL("https://shop.example/cart?coupon=X");
  vi.stubGlobal("location", location);
  vi.stubGlobal("addEventListener", (name: string, fn: (e: unknown) => void) => listeners.set(name, fn));
  vi.stubGlobal("history", {
    pushState: (_: unknown, __: string, to: string) => (location.pathname = to),
    replaceState() {},
  });
  vi.stubGlobal("XMLHttpRequest", Xhr);
  vi.stubGlobal("window", { fetch: answers });
  vi.spyOn(console, "error").mockImplementation(() => {});
  kit = await import("./record");
  kit.record({
    own: (url) => url.startsWith("https://care.example/"),
    traced: (u) => u.origin === "https://shop.example",
    host: host as unknown as Element,
  });
});
beforeEach(() => kit.ring.splice(0));

const last = () => kit.ring.at(-1);
const call = (url: string, init?: RequestInit) => (window.fetch as typeof fetch)(url, init);

describe("steps", () => {
  test("an answer is kept with its ids, without values of the query", async () => {
    answers.mockResolvedValueOnce({
      status: 504,
      headers: new Headers({ "x-request-id": "call-1", traceparent: "00-aa-bb-01" }),
    });
    await call("https://shop.example/pay?card=4111", { method: "post" });
    expect(last()).toMatchObject({
      kind: "http",
      method: "POST",
      url: "/pay?card",
      status: 504,
      request_id: "call-1",
      traceparent: "00-aa-bb-01",
    });
    const sent = answers.mock.lastCall?.[1] as RequestInit;
    expect(new Headers(sent.headers).get(kit.sessionHeader)).toBe(kit.session);
  });

  test("other origins are not told the session", async () => {
    answers.mockResolvedValueOnce({ status: 200, headers: new Headers() });
    await call("https://other.example/x");
    expect(answers.mock.lastCall?.[1]).toBeUndefined();
    expect(last()).toMatchObject({ url: "https://other.example/x", status: 200 });
  });

  test("a call that fails is one with status 0, and fails as before", async () => {
    answers.mockRejectedValueOnce(new TypeError("gone"));
    await expect(call("/x")).rejects.toThrow("gone");
    expect(last()).toMatchObject({ kind: "http", url: "/x", status: 0 });
  });

  test("the widget's own calls are none", async () => {
    answers.mockResolvedValueOnce({ status: 202, headers: new Headers() });
    await call("https://care.example/in/widget/pk_1");
    expect(kit.ring).toEqual([]);
  });

  test("an old way of calling is seen too", () => {
    const x = new XMLHttpRequest() as unknown as Xhr & XMLHttpRequest;
    x.open("PUT", "/cart/7?secret=1");
    x.send();
    x.done?.();
    expect(last()).toMatchObject({ method: "PUT", url: "/cart/7?secret", status: 502, request_id: "call-2" });
    expect(x.headers[kit.sessionHeader]).toBe(kit.session);
  });

  test("a click is a place, never a text; none in our own dialog", () => {
    const el = (tag: string, id: string, parent: unknown) => ({
      tagName: tag,
      id,
      parentElement: parent,
      getAttribute: () => null,
      textContent: "Ana's secret",
    });
    const at = el("BUTTON", "pay", el("FORM", "", null));
    listeners.get("click")?.({ composedPath: () => [at] });
    expect(last()).toMatchObject({ kind: "click", target: "form > button#pay" });
    listeners.get("click")?.({ composedPath: () => [at, host] });
    expect(kit.ring).toHaveLength(1);
  });

  test("what is said on the console, and errors", () => {
    console.error("no voucher for", "ana@shop.example", { code: 7 });
    expect(last()).toMatchObject({
      kind: "console",
      level: "error",
      message: 'no voucher for [e-mail] {"code":7}',
    });
    listeners.get("error")?.({
      message: "x",
      error: new RangeError("too many"),
      filename: "https://shop.example/app.js?v=1",
      lineno: 4,
    });
    expect(last()).toMatchObject({ kind: "error", message: "RangeError: too many", source: "/app.js?v:4" });
    listeners.get("unhandledrejection")?.({ reason: "lost" });
    expect(last()).toMatchObject({ message: "lost" });
  });

  test("a way through the app, once each", () => {
    history.pushState(null, "", "/checkout");
    history.pushState(null, "", "/checkout");
    expect(kit.ring).toHaveLength(1);
    expect(last()).toMatchObject({ kind: "nav", url: "/checkout?coupon" });
  });

  test("the last sixty stay", () => {
    for (let i = 0; i < 70; i++) kit.note("event", { name: `e${i}` });
    expect(kit.ring).toHaveLength(60);
    expect(kit.ring[0]).toMatchObject({ name: "e10" });
  });
});
