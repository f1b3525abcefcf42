// hypercare's widget: <script async src="https://care.example/w/w.js" data-key="pk_…"></script>
// It notes the last steps in this tab, and sends them with what a person says.
import { attributes, type Config, config, identify, identity, type User } from "./config";
import { close, host, launcher, show, speak } from "./dialog";
import { line } from "./mask";
import { note, record } from "./record";
import { flush } from "./send";
import { english, languages, type Words } from "./words";

/** The words that fit: what the page asks for, what it is written in, what the browser speaks. */
async function words(): Promise<void> {
  const wanted = [config.language, document.documentElement.lang, ...navigator.languages];
  const offered = config.languages.length ? config.languages : languages;
  const code =
    wanted.map((w) => w.slice(0, 2).toLowerCase()).find((w) => offered.includes(w)) || offered[0] || "en";
  let found: Words = english;
  if (code !== "en")
    found = await import(/* @vite-ignore */ `${config.root}w/v${VERSION}/${code}.js`).then(
      (m: { default: Words }) => m.default,
      () => english,
    );
  config.language = found === english ? "en" : code;
  speak(found);
}

let begun = false;

async function init(given: Partial<Config> = {}): Promise<void> {
  const own = { ...attributes(), ...given };
  Object.assign(config, own);
  if (!begun) {
    begun = true;
    const api = new URL(config.root).href;
    record({
      own: (url) => {
        try {
          const u = new URL(url, location.href).href;
          return u.startsWith(`${api}in/`) || u.startsWith(`${api}w/`);
        } catch {
          return false;
        }
      },
      traced: (u) =>
        config.trace.includes(u.origin) || (u.origin === location.origin && config.trace.includes("self")),
      host,
    });
    addEventListener("online", () => void flush());
  }
  if (!config.preview) {
    // The channel's settings, or the last that were met: a page may be opened offline.
    const kept = "hypercare-settings";
    const told = (await fetch(`${config.root}in/widget/${config.key}`, { credentials: "omit" })
      .then((r) => (r.ok ? r.text() : r.status === 404 || r.status === 403 ? '{"enabled":false}' : undefined))
      .catch(() => undefined)) as string | undefined;
    try {
      if (told) localStorage.setItem(kept, told);
      Object.assign(config, JSON.parse(told || localStorage.getItem(kept) || "{}"), own);
    } catch {
      if (told) Object.assign(config, JSON.parse(told), own); // storage is blocked
    }
  }
  await words();
  if (!document.body) await new Promise((r) => addEventListener("DOMContentLoaded", r));
  launcher();
  if (!config.preview) void flush();
  dispatchEvent(new Event("hypercare:ready"));
}

const api = {
  init,
  /** Opens the dialog, filled in with what is given. */
  open: (given?: { kind?: string; text?: string; email?: string }): void => show(given),
  close,
  /** Says who uses the page; nothing: nobody any more. */
  identify: (u?: User): void => identify(u),
  /** Notes a step: a feature that was used, a stage of a journey. */
  event: (name: string, props?: Record<string, unknown>): void =>
    note("event", { name: line(name, 60), props: props && line(props, 200) }),
  user: identity,
  version: VERSION,
};

type Api = typeof api;
declare global {
  interface Window {
    /** Before the script is there: a list of calls for it, [["identify", {…}], …]. */
    Hypercare: Api & { q?: [keyof Api, ...unknown[]][] };
  }
}
const early = window.Hypercare?.q;
// Loaded twice on one page: the first one stays.
if (!window.Hypercare?.version) {
  window.Hypercare = api;
  for (const [name, ...args] of early || []) (api[name] as (...a: unknown[]) => void)(...args);
  if (attributes().key) void init();
}
