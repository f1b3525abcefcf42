import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";

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

/** Where pictures of every screen are kept; git ignores it. */
export const shots = fileURLToPath(new URL("./shots", import.meta.url));
mkdirSync(shots, { recursive: true });

export const chromiumPath = process.env.HC_CHROMIUM || "/usr/bin/chromium";

export function launchBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...more,
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
  options: {
    /** Whose session it has; absent: nobody is signed in. */
    as?: { cookie: string };
    theme?: Theme;
    size?: { width: number; height: number };
    motion?: "reduce" | "no-preference";
    /** Another address of the same server. */
    at?: string;
  } = {},
): Promise<Session> {
  const at = options.at ?? base;
  const context = await browser.newContext({
    baseURL: at,
    viewport: options.size ?? desktop,
    colorScheme: options.theme ?? "light",
    reducedMotion: options.motion ?? "reduce",
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  });
  if (options.as) {
    const [name = "", value = ""] = options.as.cookie.split("=");
    await context.addCookies([{ name, value, url: at, httpOnly: true, sameSite: "Lax" }]);
  }
  const home = new URL(at).host;
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
    if (/\/api\/v1\/(?!events$|calls\/tail)/.test(r.url())) waiting.add(r);
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

/** The rules of axe that look at colours: what can differ between two themes of one and the same page. */
export const colours = ["color-contrast", "link-in-text-block"];

/**
 * Violations of WCAG 2.2 AA and best practice on the page as it is, each with the elements at fault. `without`
 * names rules that say nothing here; `within` is the part of the page that is looked at; `only` names the only
 * rules to look for.
 */
export async function axe(
  page: Page,
  without: string[] = [],
  within?: string,
  only?: string[],
): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(
    async ([off, part, rules]) => {
      const run = (
        globalThis as unknown as {
          axe: {
            run: (
              context: object,
              options: object,
            ) => Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
          };
        }
      ).axe;
      // The guards hand the focus on at once and are never heard. axe lets them be where it sees that a menu
      // is modal, which it guesses from what covers the middle of the page: a long menu defeats that.
      const looked = { exclude: [["[data-base-ui-focus-guard]"]], ...(part ? { include: [[part]] } : {}) };
      const result = await run.run(looked, {
        resultTypes: ["violations"],
        runOnly: rules
          ? { type: "rule", values: rules }
          : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
      });
      return result.violations.map(
        (v) =>
          `${v.id}: ${v.help}\n  ${v.nodes
            .slice(0, 4)
            .map((n) => n.html.slice(0, 220))
            .join("\n  ")}`,
      );
    },
    [without, within, only] as const,
  );
}

/** The rows of the list of feedback, as the page has them. */
export const listOf = (page: Page): Locator =>
  page.getByRole("list", { name: "Feedback" }).getByRole("listitem");

/** The text of a toast, once it is there. */
export async function toast(page: Page, text: string | RegExp): Promise<string> {
  const found = page.getByRole("status").getByText(text).last();
  await found.waitFor();
  return (await found.textContent()) ?? "";
}

/** Calls of the API that have no answer yet, streams aside: they never end. */
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
