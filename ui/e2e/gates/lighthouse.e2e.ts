import { createServer } from "node:net";
import lighthouse, { desktopConfig } from "lighthouse";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base, launchBrowser } from "../browser";
import { type Api, asOwner, type Demo, demo } from "../workspace";

/** Performance is timed and a busy machine is slow: the best of so many counts. */
const tries = 3;

let browser: Browser;
let port = 0;
let by: Api;
let made: Demo;

beforeAll(async () => {
  by = await asOwner();
  made = await demo();
  port = await freePort();
  browser = await launchBrowser(`--remote-debugging-port=${port}`);
});
afterAll(() => browser?.close());

const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });

interface Run {
  performance: number;
  accessibility: number;
  /** What it was marked down for. */
  against: string[];
  figures: string;
}

/** As on a desk: this is a tool for people at work, with a screen and a line to match. */
async function run(path: string, cookie?: string): Promise<Run> {
  const result = await lighthouse(
    base + path,
    {
      port,
      output: "json",
      logLevel: "error",
      onlyCategories: ["performance", "accessibility"],
      extraHeaders: cookie ? { Cookie: cookie } : undefined,
      disableFullPageScreenshot: true,
    },
    desktopConfig,
  );
  const lhr = result?.lhr;
  if (!lhr || lhr.runtimeError)
    throw new Error(`lighthouse on ${path}: ${lhr?.runtimeError?.message ?? "no result"}`);
  if (new URL(lhr.finalDisplayedUrl).pathname !== path)
    throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`);
  const score = (id: string) => lhr.categories[id]?.score ?? 0;
  const weighed = new Set(
    lhr.categories.accessibility?.auditRefs.filter((r) => r.weight > 0).map((r) => r.id) ?? [],
  );
  const figure = (id: string) => `${id} ${lhr.audits[id]?.displayValue ?? "?"}`;
  return {
    performance: score("performance"),
    accessibility: score("accessibility"),
    against: Object.values(lhr.audits)
      .filter((a) => weighed.has(a.id) && a.score !== null && a.score < 1)
      .map((a) => `${a.id}: ${a.title}`),
    figures: [
      "first-contentful-paint",
      "largest-contentful-paint",
      "total-blocking-time",
      "cumulative-layout-shift",
    ]
      .map(figure)
      .join(", ")
      .replaceAll("\u00a0", " "),
  };
}

const pages: [name: string, path: () => string, signedIn: boolean][] = [
  ["sign-in", () => "/sign-in", false],
  ["inbox", () => `${made.launch}/feedback`, true],
  ["issues", () => `${made.launch}/issues`, true],
];

describe("Lighthouse", () => {
  test.each(pages)("finds %s fast enough and accessible", async (name, path, signedIn) => {
    let best = 0;
    const failed: string[] = [];
    for (let i = 0; i < tries && best < 0.85; i++) {
      const found = await run(path(), signedIn ? by.cookie : undefined).catch((e: Error) => e);
      if (found instanceof Error) {
        // Now and then the browser gives it no trace; that is no verdict about the page.
        failed.push(found.message);
        continue;
      }
      console.log(
        `measured: ${name}: performance ${found.performance.toFixed(2)} (0.85), accessibility ${found.accessibility.toFixed(2)} (1.00); ${found.figures}`,
      );
      expect(found.against).toEqual([]);
      expect(found.accessibility).toBe(1);
      best = Math.max(best, found.performance);
    }
    expect(best, failed.join("; ")).toBeGreaterThanOrEqual(0.85);
  });
});
