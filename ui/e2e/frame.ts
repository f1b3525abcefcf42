import type { Browser } from "playwright-core";
import { vi } from "vitest";
import { base, open, owner, type Session, setupURL } from "./browser";

// What the stories of the shell share: a session by the API, and a launch with a few decisions to show.

/** Asks the API; a story reads there what a page must show. */
export async function call<T>(method: string, path: string, as: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: { Cookie: as, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Signs in by the API, setting the workspace up when no story did yet; answers the cookie. */
export async function signIn(email: string, password: string): Promise<string> {
  const { needed } = (await (await fetch(`${base}/api/v1/setup`)).json()) as { needed: boolean };
  const token = needed ? new URL(setupURL).searchParams.get("token") : "";
  const answer = await fetch(`${base}/api/v1/${needed ? "setup" : "session"}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(
      needed
        ? { token, workspace_name: owner.workspace, name: owner.name, email, password }
        : { email, password },
    ),
  });
  const set = answer.headers.getSetCookie().find((c) => c.startsWith("hc_session="));
  if (!set) throw new Error(`sign in: ${answer.status}`);
  return set.split(";")[0] as string;
}

/** A context of its own in which somebody is signed in already. */
export async function openAs(
  browser: Browser,
  key: string,
  options: Parameters<typeof open>[1] = {},
): Promise<Session> {
  const s = await open(browser, options);
  const [name = "", ...value] = key.split("=");
  await s.context.addCookies([{ name, value: value.join("="), url: base }]);
  return s;
}

const words = [
  "pay button spins",
  "voucher is refused",
  "house number gone",
  "two receipts came",
  "thanks, I love it",
];

export interface Frame {
  cookie: string;
  launch: string;
  /** Key of one of its issues. */
  issue: string;
}

/** A launch with fifteen reports, four of them accepted, five with a category that was put right. */
export async function frame(): Promise<Frame> {
  const cookie = await signIn(owner.email, owner.password);
  const launch = `/launches/${(await call<{ id: string }>("POST", "/launches", cookie, { name: "Frame", time_zone: "Europe/Lisbon" })).id}`;
  const items = Array.from({ length: 15 }, (_, i) => ({
    text: `The ${words[i % 5]} at the checkout, seen ${i} times`,
    author: { name: `Reporter ${i % 3}`, email: `r${i % 3}@frame.example` },
  }));
  await call("POST", `${launch}/feedback`, cookie, { items });
  await vi.waitFor(
    async () => {
      const { counts: n } = await call<{ counts: { feedback: number; waiting: number; unread: number } }>(
        "GET",
        launch,
        cookie,
      );
      if (n.feedback < 15 || n.waiting || n.unread) throw new Error(`not read yet: ${JSON.stringify(n)}`);
    },
    { timeout: 60_000, interval: 100 },
  );
  const { items: rows } = await call<{ items: { id: string; category: string }[] }>(
    "GET",
    `${launch}/feedback?limit=50`,
    cookie,
  );
  let issue = "";
  for (const r of rows.slice(0, 4)) {
    const done = await call<{ issue: { key: string } }>("POST", `/feedback/${r.id}/accept`, cookie, {});
    issue = done.issue.key;
  }
  for (const r of rows.slice(2, 7))
    await call("PATCH", `/feedback/${r.id}`, cookie, {
      category: r.category === "data" ? "question" : "data",
    });
  return { cookie, launch, issue };
}
