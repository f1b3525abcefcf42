import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Where the server under test listens. */
export const base = process.env.HC_URL ?? "http://127.0.0.1:8080";
/** The one-time link that a server on an empty folder prints. */
export const setupURL = process.env.HC_SETUP_URL ?? "";

export const owner = {
  workspace: "Lumen Market",
  name: "Marta Oliveira",
  email: "marta@lumen.example",
  password: "twelve-blue-otters-sing",
};

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.HC_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type Theme = "light" | "dark";
export const desktop = { width: 1440, height: 900 };
export const tablet = { width: 1024, height: 768 };
export const phone = { width: 390, height: 844 };

/** What a page did that it must never do. Asserted to be empty after every test. */
export const faults: string[] = [];

export interface Session {
  context: BrowserContext;
  page: Page;
}

/** A context of its own. Every request to another host is stopped and recorded, as is every script error. */
export async function open(
  browser: Browser,
  options: { state?: string; theme?: Theme; size?: { width: number; height: number } } = {},
): Promise<Session> {
  const context = await browser.newContext({
    baseURL: base,
    storageState: options.state,
    viewport: options.size ?? desktop,
    colorScheme: options.theme ?? "light",
    reducedMotion: "reduce",
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  });
  const home = new URL(base).host;
  await context.route(
    (url) => /^(https?|wss?):$/.test(url.protocol) && url.host !== home,
    (route) => {
      faults.push(`request to the outside: ${route.request().url()}`);
      return route.abort();
    },
  );
  const page = await context.newPage();
  const waiting = new Set<unknown>();
  pending.set(page, waiting);
  page.on("request", (r) => {
    if (/\/api\/v1\/(?!events$)/.test(r.url())) waiting.add(r);
  });
  page.on("requestfinished", (r) => waiting.delete(r));
  page.on("requestfailed", (r) => waiting.delete(r));
  page.on("pageerror", (e) => faults.push(`script error on ${page.url()}: ${e.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !/Failed to load resource/.test(m.text()))
      faults.push(`console on ${page.url()}: ${m.text()}`);
  });
  return { context, page };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Violations of WCAG 2.2 AA and best practice on the page as it is, each with the elements at fault. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const run = (
      globalThis as unknown as {
        axe: {
          run: (
            d: Document,
            o: object,
          ) => Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
        };
      }
    ).axe;
    const result = await run.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return result.violations.map(
      (v) =>
        `${v.id}: ${v.help}\n  ${v.nodes
          .slice(0, 4)
          .map((n) => n.html.slice(0, 220))
          .join("\n  ")}`,
    );
  });
}

/** Calls of the API that have no answer yet, the stream of events aside: it never ends. */
const pending = new WeakMap<Page, Set<unknown>>();

/** Waits until the page stands still: nothing asked for, nothing half drawn, fonts there. */
export async function settled(page: Page): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 40))));
    quiet = pending.get(page)?.size ? 0 : quiet + 1;
  }
  await page.waitForFunction(
    () => document.fonts.status === "loaded" && !document.querySelector(".skeleton"),
  );
}
