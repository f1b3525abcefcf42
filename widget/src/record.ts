// The last steps in this tab: what was pressed, asked, said on the console and
// went wrong. They stay in the page until somebody sends a report.
import { address, line } from "./mask";

export interface Crumb {
  t: number;
  kind: "nav" | "click" | "console" | "error" | "http" | "event";
  [more: string]: unknown;
}

const most = 60;
export const ring: Crumb[] = [];

export function note(kind: Crumb["kind"], more: Record<string, unknown>): void {
  ring.push({ t: Date.now(), kind, ...more });
  if (ring.length > most) ring.shift();
}

/** The header by which the page's own calls say their session. */
export const sessionHeader = "X-Hypercare-Session";

/** One id for this tab, until it is closed. */
function newSession(): string {
  const hex = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  try {
    const at = "hypercare-session";
    const id = sessionStorage.getItem(at) || hex();
    sessionStorage.setItem(at, id);
    return id;
  } catch {
    return hex(); // storage is blocked: one page long
  }
}
export const session = newSession();

/** Where a click went, by names that the page's makers gave, never by its text. */
function path(e: Element | null): string {
  const parts: string[] = [];
  for (let n = 0; e && n < 4; n++, e = e.parentElement) {
    const id = e.getAttribute("data-testid") || e.id || e.getAttribute("name");
    parts.unshift(e.tagName.toLowerCase() + (id ? `#${id}` : ""));
  }
  return line(parts.join(" > "), 160);
}

interface Options {
  /** Whether an address is the widget's own. */
  own: (url: string) => boolean;
  /** Whether calls to an address carry the session. */
  traced: (url: URL) => boolean;
  host: Element;
}

interface Asked {
  method: string;
  url: string;
  own: boolean;
}

/** Begins to record. */
export function record(o: Options): void {
  for (const level of ["error", "warn"] as const) {
    const say = console[level];
    console[level] = (...all: unknown[]) => {
      note("console", { level, message: line(all.map((a) => line(a)).join(" ")) });
      say.apply(console, all);
    };
  }
  // In the capture phase, which is the only one for files that did not load.
  addEventListener(
    "error",
    (e) => {
      const el = e.target as (HTMLElement & { src?: string; href?: string }) | null;
      if (e.message)
        note("error", { message: line(e.error ?? e.message), source: `${address(e.filename)}:${e.lineno}` });
      else if (el?.tagName)
        note("error", {
          message: `${el.tagName.toLowerCase()} did not load`,
          source: address(el.src || el.href || ""),
        });
    },
    true,
  );
  addEventListener("unhandledrejection", (e) => note("error", { message: line(e.reason) }));
  addEventListener(
    "click",
    (e) => {
      const at = e.composedPath();
      if (!at.includes(o.host)) note("click", { target: path(at[0] as Element) });
    },
    true,
  );

  let here = "";
  const moved = () => {
    const now = address(location.href);
    if (now === here) return;
    here = now;
    note("nav", { url: here });
  };
  moved();
  for (const name of ["pushState", "replaceState"] as const) {
    const change = history[name];
    history[name] = function (this: History, ...a: Parameters<History["pushState"]>) {
      change.apply(this, a);
      moved();
    };
  }
  addEventListener("popstate", moved);

  const done = (
    a: Asked,
    from: number,
    status: number,
    header: (name: string) => string | null | undefined,
  ) => {
    if (!a.own)
      note("http", {
        method: a.method.toUpperCase(),
        url: address(a.url),
        status,
        ms: Math.round(performance.now() - from),
        request_id: header("x-request-id") || undefined,
        traceparent: header("traceparent") || undefined,
      });
  };
  const traced = (url: string) => {
    try {
      return o.traced(new URL(url, location.href));
    } catch {
      return false;
    }
  };

  const fetchAs = window.fetch;
  window.fetch = function (this: unknown, what: RequestInfo | URL, init?: RequestInit) {
    const asked = what instanceof Request ? what : undefined;
    const url = asked ? asked.url : String(what);
    const a = { method: init?.method || asked?.method || "GET", url, own: o.own(url) };
    if (!a.own && traced(url)) {
      const headers = new Headers(init?.headers || asked?.headers);
      headers.set(sessionHeader, session);
      init = { ...init, headers };
    }
    const from = performance.now();
    const answer = fetchAs.call(window, what, init);
    answer.then(
      (r) => done(a, from, r.status, (n) => r.headers.get(n)),
      () => done(a, from, 0, () => undefined),
    );
    return answer;
  };

  const asked = new WeakMap<XMLHttpRequest, Asked>();
  const xhr = XMLHttpRequest.prototype;
  const { open, send } = xhr;
  xhr.open = function (this: XMLHttpRequest, method: string, url: string | URL, ...rest: unknown[]) {
    asked.set(this, { method, url: String(url), own: o.own(String(url)) });
    return (open as (...a: unknown[]) => void).call(this, method, url, ...rest);
  } as typeof open;
  xhr.send = function (this: XMLHttpRequest, body?: Parameters<typeof send>[0]) {
    const a = asked.get(this);
    if (a && !a.own) {
      const from = performance.now();
      if (traced(a.url)) this.setRequestHeader(sessionHeader, session);
      this.addEventListener("loadend", () => {
        // Asking for a header that is not exposed would be an error on the page's console.
        const all = this.getAllResponseHeaders();
        done(a, from, this.status, (n) => new RegExp(`^${n}: *(.*?)\\s*$`, "im").exec(all)?.[1]);
      });
    }
    return send.call(this, body);
  };
}
