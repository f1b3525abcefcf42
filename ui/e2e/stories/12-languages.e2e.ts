import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, open, settled } from "../browser";
import { frame } from "../frame";
import { cutText, listenForTexts, plainText } from "../plain";
import { shopTrace, traceId } from "../traces";
import type { Api } from "../workspace";

// Every page in a language that nobody speaks, and the change of language by hand.

let browser: Browser;
let by: Api;
let launch = "";
let issue = "";
let person = "";

beforeAll(async () => {
  browser = await launchBrowser();
  ({ by, launch, issue } = await frame());
  await shopTrace(by);
  person = (await by.get<{ items: { id: string }[] }>("/persons?limit=1")).items[0]?.id ?? "";
}, 120_000);
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

describe("languages", () => {
  const paths = () => [
    launch,
    `${launch}?tv=1`,
    `${launch}/board`,
    `${launch}/feedback`,
    `${launch}/issues`,
    `${launch}/issues/${issue}`,
    `${launch}/imports`,
    `${launch}/channels`,
    `${launch}/errors`,
    `${launch}/errors?tab=releases`,
    `${launch}/deliveries`,
    `${launch}/rules`,
    `${launch}/decisions`,
    `${launch}/settings`,
    `${launch}/send`,
    "/people",
    `/people/${person}`,
    ...["same", "organisations", "segments"].map((tab) => `/people?tab=${tab}`),
    "/launches/new",
    ...[
      "calls",
      `traces/${traceId}`,
      "routes",
      "rollouts",
      "apis",
      "apis/edit",
      "applications",
      "applications?tab=plans",
      "alerts",
      "alerts?tab=rules&group=%2F",
    ].map((p) => `/gateway/${p}`),
    ...["profile", "appearance", "shortcuts", "workspace", "members", "tokens", "privacy", "audit"].map(
      (p) => `/settings/${p}`,
    ),
    "/nowhere/at-all",
  ];

  test("in the pseudo language nothing stays plain, is cut or too wide", async () => {
    const look = async (width: number) => {
      const other = await open(browser, { as: by, size: { width, height: 900 } });
      await other.context.addInitScript(() => localStorage.setItem("hc.prefs", '{"language":"pseudo"}'));
      const theirs = listenForTexts(other.page);
      const found: string[] = [];
      for (const path of paths()) {
        await other.page.goto(path);
        await other.page.getByRole("heading").first().waitFor({ state: "attached" });
        await settled(other.page);
        for (const x of [...(await plainText(other.page, theirs)), ...(await cutText(other.page))])
          found.push(`${path} at ${width}: ${x}`);
        if (await other.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
          found.push(`${path}: wider than the screen at ${width}`);
      }
      await other.context.close();
      return found;
    };
    const found = await Promise.all([look(1440), look(390)]);
    expect(found.flat()).toEqual([]);
  });

  test("the language is changed in the profile, and the page speaks it", async () => {
    const other = await open(browser, { as: by });
    await other.page.goto("/settings/profile");
    await other.page.getByRole("radio", { name: "Deutsch" }).check();
    await other.page.getByRole("heading", { name: "Profil" }).waitFor();
    expect(await other.page.evaluate(() => document.documentElement.lang)).toBe("de");
    await other.context.close();
  });
});
