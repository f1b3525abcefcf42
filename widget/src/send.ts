// A report, and its way to the server.
import { config, identity, session, type User } from "./config";
import { address, line } from "./mask";
import { drop, keep, waiting } from "./queue";
import type { Crumb } from "./record";

export interface Draft {
  kind: string;
  text: string;
  email: string;
  details: boolean;
  files: File[];
}
export interface Sent {
  ref: string;
  link: string;
}
type Report = Record<string, unknown> & { id: string; user?: User };

/** A report of this moment: what is asked later is all that is sent. */
export function build(d: Draft, crumbs: Crumb[]): () => Report {
  const id = crypto
    .getRandomValues(new Uint8Array(16))
    .reduce((s, b) => s + b.toString(16).padStart(2, "0"), "");
  const at = new Date().toISOString();
  const page = { url: address(location.href), title: line(document.title, 200) };
  return () => ({
    id,
    at,
    kind: d.kind,
    text: d.text,
    email: d.email || undefined,
    user: identity(),
    page,
    release: config.release || undefined,
    language: config.language,
    details: d.details && config.details,
    files: d.files.map((f) => f.name),
    ...(d.details && config.details
      ? {
          session,
          env: {
            agent: navigator.userAgent,
            locale: navigator.language,
            zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
            viewport: `${innerWidth}x${innerHeight}@${devicePixelRatio}`,
            online: navigator.onLine,
          },
          crumbs,
        }
      : {}),
  });
}

/** The server said no: its sentence is for the person. */
class Refused extends Error {
  override name = "Refused";
}

async function post(report: Report, files: File[]): Promise<Sent> {
  const body = new FormData();
  body.append("report", JSON.stringify(report));
  // Against a wrong clock: the server knows when it came, and so when it was.
  body.append("sent", new Date().toISOString());
  for (const f of files) body.append("file", f, f.name);
  const answer = await fetch(`${config.root}in/widget/${config.key}`, {
    method: "POST",
    body,
    credentials: "omit",
    signal: AbortSignal.timeout(60_000),
  });
  const said = (await answer.json().catch(() => ({}))) as { ref: string; follow: string; detail?: string };
  if (answer.ok) {
    const sent = { ref: said.ref, link: config.root + said.follow };
    dispatchEvent(new CustomEvent("hypercare:sent", { detail: sent }));
    return sent;
  }
  // What may pass is tried again; what the server will never take is not.
  if (answer.status < 500 && answer.status !== 429) throw new Refused(said.detail || "");
  throw answer.status;
}

let pause = 15_000;
let timer = 0;
let late: { id: string; tell: (s: Sent) => void } | undefined;

/** Sends what waits, oldest first. */
export async function flush(): Promise<void> {
  clearTimeout(timer);
  try {
    for (const w of await waiting()) {
      const report = w.report as Report;
      const now = identity();
      // A token may have run out meanwhile; the page has a new one.
      if (now?.id === report.user?.id) report.user = now ?? report.user;
      const sent = await post(report, w.files).catch((e) => {
        if (!(e instanceof Refused)) throw e;
      });
      await drop(w.id);
      if (sent && late?.id === w.id) late.tell(sent);
    }
    pause = 15_000;
  } catch {
    again();
  }
}

function again(): void {
  clearTimeout(timer);
  timer = window.setTimeout(flush, pause);
  pause = Math.min(pause * 2, 600_000);
}

/** Sends a report, or keeps it for later; then tells when it is sent after all. */
export async function submit(
  report: Report,
  files: File[],
  tell: (s: Sent) => void,
): Promise<Sent | undefined> {
  try {
    return await post(report, files);
  } catch (e) {
    if (e instanceof Refused) throw e;
    await keep({ id: report.id, at: Date.now(), report, files });
    late = { id: report.id, tell };
    again();
    return undefined;
  }
}
