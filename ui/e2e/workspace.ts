import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import type { paths } from "@/schema.gen";
import { base, owner, setupURL } from "./browser";

type Sent<O> = O extends { requestBody: { content: { "application/json": infer T } } } ? T : never;
type Batch = Extract<Sent<paths["/launches/{id}/feedback"]["post"]>, { items: unknown }>;
export type Report = NonNullable<Batch["items"]>[number];
export type Row =
  paths["/launches/{id}/feedback"]["get"]["responses"]["200"]["content"]["application/json"]["items"][number];

/** What stories read through the API to know what a page must show. */
export class Api {
  constructor(
    readonly cookie: string,
    readonly email: string,
  ) {}

  /** Asks; an answer that is no 2xx is an error that says what was asked. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { Cookie: this.cookie, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
  get = <T>(path: string) => this.call<T>("GET", path);
  post = <T>(path: string, body: unknown = {}) => this.call<T>("POST", path, body);
  patch = <T>(path: string, body: unknown) => this.call<T>("PATCH", path, body);
}

/** What a server's stories share between their files; another server's is never met. */
const kept = `${tmpdir()}/hc-stories-${createHash("sha256")
  .update(base + setupURL)
  .digest("hex")
  .slice(0, 12)}`;

async function session(path: string, body: object, email: string): Promise<Api> {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const cookie = answer.headers.getSetCookie().find((c) => c.startsWith("hc_session="));
  if (!answer.ok || !cookie) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return new Api(cookie.split(";")[0] as string, email);
}

/** A session of its own, beside others of the same person. */
export const newSession = (email: string, password: string) =>
  session("/session", { email, password }, email);

/**
 * Signs in, or goes on with the session that an earlier file got: a server
 * allows an address 30 sign-ins a minute, and all stories come from one.
 */
export async function signIn(email: string, password: string): Promise<Api> {
  const file = `${kept}/session-${createHash("sha256").update(email).digest("hex").slice(0, 12)}`;
  if (existsSync(file)) {
    const before = new Api(readFileSync(file, "utf8"), email);
    if (await before.get("/me").catch(() => undefined)) return before;
  }
  const now = await newSession(email, password);
  mkdirSync(kept, { recursive: true });
  writeFileSync(file, now.cookie);
  return now;
}

/** The owner's session. Sets the workspace up when no story did yet, so that each file also runs alone. */
export async function asOwner(): Promise<Api> {
  const { needed } = (await (await fetch(`${base}/api/v1/setup`)).json()) as { needed: boolean };
  if (!needed) return signIn(owner.email, owner.password);
  const token = new URL(setupURL).searchParams.get("token");
  const { workspace, ...who } = owner;
  return session("/setup", { token, workspace_name: workspace, ...who }, owner.email);
}

/** A member with a role, made when not there yet, and signed in. */
export async function asMember(name: string, role: "lead" | "responder" | "viewer"): Promise<Api> {
  const by = await asOwner();
  const email = `${name.toLowerCase().replaceAll(" ", ".")}@stories.example`;
  const password = "nine-quiet-foxes-read";
  const { items } = await by.get<{ items: { email: string }[] }>("/users");
  if (!items.some((m) => m.email === email)) await by.post("/users", { name, email, role, password });
  return signIn(email, password);
}

/** A launch of its own for a story, with reports that are read; the first is the latest. */
export async function launchWith(by: Api, name: string, reports: Report[]): Promise<string> {
  const { id } = await by.post<{ id: string }>("/launches", { name, time_zone: "Europe/Lisbon" });
  if (reports.length) await send(by, `/launches/${id}`, reports);
  return `/launches/${id}`;
}

/** Sends reports, the last first, and waits until they are read. */
export async function send(by: Api, launch: string, reports: Report[]): Promise<string[]> {
  const before = (await by.get<Counted>(launch)).counts.feedback;
  const now = Date.now();
  const items = reports.map((r, i) => ({
    occurred_at: new Date(now - (i + 1) * 60_000).toISOString(),
    ...r,
  }));
  const receipt = await by.post<{ items: { id?: string }[] }>(`${launch}/feedback`, {
    items: items.reverse(),
  });
  await vi.waitFor(
    async () => {
      const { counts } = await by.get<Counted>(launch);
      if (counts.feedback < before + reports.length || counts.waiting || counts.unread)
        throw new Error(`not read yet: ${JSON.stringify(counts)}`);
    },
    { timeout: 60_000, interval: 100 },
  );
  return receipt.items.map((r) => r.id as string).reverse();
}
interface Counted {
  counts: { feedback: number; waiting: number; unread: number };
}

export const rows = async (by: Api, launch: string, query = ""): Promise<Row[]> =>
  (await by.get<{ items: Row[] }>(`${launch}/feedback?limit=100&${query}`)).items;

/** The launch that the first story made; the stories after it go on in it. */
export async function firstLaunch(): Promise<{ by: Api; launch: string }> {
  const by = await asOwner();
  const { items } = await by.get<{ items: { id: string; name: string; created_at: string }[] }>("/launches");
  const first = items
    .filter((l) => l.name === "Checkout 3.0")
    .sort((a, b) => a.created_at.localeCompare(b.created_at))[0];
  if (!first) throw new Error("this story goes on where 01-first-launch ends: run that one before it");
  return { by, launch: `/launches/${first.id}` };
}

// -- the demo, seeded once for all files

export interface Demo {
  launch: string;
  /** Path of the issue with the most reports. */
  issue: string;
  issue_key: string;
  /** Id of an import that is done. */
  import: string;
}

export async function demo(): Promise<Demo> {
  const file = `${kept}/demo.json`;
  if (!existsSync(file)) {
    await asOwner();
    mkdirSync(kept, { recursive: true });
    const made = execFileSync("node", [fileURLToPath(new URL("../scripts/seed.mjs", import.meta.url))], {
      env: {
        ...process.env,
        HC_SETUP_URL: "",
        HC_URL: base,
        HC_EMAIL: owner.email,
        HC_PASSWORD: owner.password,
      },
      encoding: "utf8",
    });
    writeFileSync(file, made);
  }
  return JSON.parse(readFileSync(file, "utf8")) as Demo;
}
