import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  axe,
  base,
  desktop,
  faults,
  launchBrowser,
  open,
  owner,
  phone,
  type Session,
  settled,
  setupURL,
  type Theme,
  tablet,
} from "./browser";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const shots = here("./shots");
const fixture = here("./fixtures/reviews.csv");
const state = `${shots}/.session.json`;

let browser: Browser;
let session: Session;
let page: Page;
/** Path of the launch that the story made, such as /launches/la_1. */
let launchPath = "";
let issuePath = "";

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launchBrowser();
  session = await open(browser);
  page = session.page;
});
afterAll(async () => {
  await browser?.close();
});
afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
});

const button = (name: string | RegExp) => page.getByRole("button", { name });

describe("from an empty folder to a ranked issue", () => {
  test("the setup link makes the owner", async () => {
    expect(setupURL, "HC_SETUP_URL is the link that the server printed").not.toBe("");
    await page.goto(setupURL);
    await page.getByRole("heading", { name: "Set up hypercare" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/setup-light-1440.png` });
    await page.getByLabel("Workspace").fill(owner.workspace);
    await page.getByLabel("Your name").fill(owner.name);
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill("short");
    await page.getByText("Too short yet").first().waitFor();
    await page.getByLabel("Password").fill(owner.password);
    await page.getByText("Good.").first().waitFor();
    await button("Create workspace").click();
    await page.getByRole("heading", { name: "Create a launch" }).waitFor();
  });

  test("signing out and in again leads back", async () => {
    await button(/Your account/).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/sign-in-light-1440.png` });
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill("not the password");
    await button("Sign in").click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(owner.password);
    await button("Sign in").click();
    await page.getByRole("heading", { name: "Create a launch" }).waitFor();
    await session.context.storageState({ path: state });
  });

  test("a first launch is made", async () => {
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/new-launch-light-1440.png` });
    await page.getByLabel("Name", { exact: true }).fill("Checkout 3.0");
    await page.getByLabel("Scope").fill("New checkout for all web shops and both apps.");
    await page.getByLabel("Time zone").fill("Europe/Lisbon");
    await page.getByLabel("Services").fill("checkout, payments, search");
    await page.getByRole("main").getByRole("button", { name: "Create a launch" }).click();
    await page.getByRole("heading", { name: "Send feedback" }).waitFor();
    launchPath = new URL(page.url()).pathname.replace(/\/send$/, "");
  });

  test("the empty inbox says what to do, and a token stands in the command", async () => {
    await page.goto(`${launchPath}/feedback`);
    await page.getByRole("heading", { name: "No reports yet" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("link", { name: "Send feedback" }).click();
    await button("Create a token").click();
    const curl = page.getByRole("region", { name: "Send one report with curl" });
    await expect.poll(async () => curl.textContent()).toMatch(/Bearer hc_/);
  });

  test("the curl command works as it is shown, and the page turns green", async () => {
    const text = await page.getByRole("region", { name: "Send one report with curl" }).textContent();
    const token = /Bearer (\S+?)"/.exec(text ?? "")?.[1];
    const answer = await fetch(`${base}/api/v1${launchPath}/feedback`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ text: "The pay button spins for ever", author: { email: "priya@example.com" } }),
    });
    expect(answer.status).toBe(202);
    await page
      .getByText(/1 report is there/)
      .first()
      .waitFor({ timeout: 20_000 });
  });

  test("a file is previewed, mapped, checked and imported", async () => {
    await page.getByRole("link", { name: "Import a file" }).click();
    await page.getByLabel("Choose a file").setInputFiles(fixture);
    await page.getByRole("heading", { name: "reviews.csv" }).waitFor();
    await expect.poll(() => page.getByLabel("Column for Text").inputValue()).toBe("review_text");
    await expect.poll(() => page.getByLabel("Column for Rating").inputValue()).toBe("stars");
    await page.getByText("I pressed Pay, my bank app said approved", { exact: false }).first().waitFor();
    await page.getByLabel("Column for Channel").selectOption("");
    await page.getByLabel("source").check();
    await page.getByText("source: web").first().waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/import-map-light-1440.png` });
    await button("Check the whole file").click();
    await page
      .getByText(/60 rows: 59 good, 1 bad/)
      .first()
      .waitFor();
    await button("Start import").click();
    await page.getByText("Done", { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: "1 bad row as CSV" }).waitFor();
    await expect
      .poll(() => page.getByRole("progressbar", { name: "Triaged" }).getAttribute("aria-valuenow"), {
        timeout: 60_000,
      })
      .toBe("100");
  });

  test("filters are in the URL and in the list", async () => {
    await page.getByRole("link", { name: "Open its feedback" }).click();
    await page.getByRole("link", { name: "To triage" }).click();
    await page.getByRole("list", { name: "Feedback" }).getByRole("listitem").first().waitFor();
    await button("Filter, 1 on").click();
    await page.getByRole("group", { name: "Severity" }).getByRole("checkbox").first().check();
    await expect.poll(() => page.url()).toMatch(/severity=sev/);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Escape");
    const shared = page.url();
    await button("Clear filters").click();
    await expect.poll(() => page.url()).not.toMatch(/severity=/);
    await page.goto(shared);
    await button(/Remove/)
      .first()
      .waitFor();
    await button("Clear filters").click();
  });

  test("search finds by words", async () => {
    await button("Search feedback").click();
    await page.getByRole("searchbox", { name: "Search feedback" }).fill("house number");
    await expect.poll(() => page.url()).toMatch(/q=house/);
    const rows = page.getByRole("list", { name: "Feedback" }).getByRole("listitem");
    await expect.poll(() => rows.filter({ hasText: "house number" }).count()).toBeGreaterThan(0);
    await page.screenshot({ path: `${shots}/inbox-search-light-1440.png` });
    await rows.filter({ hasText: "Tom Verbeke" }).getByRole("link").click();
  });

  test("one report says what triage read and why", async () => {
    const report = page.getByRole("region", { name: "Report" });
    await report.getByText("Kerkstraat 14 becomes Kerkstraat", { exact: false }).first().waitFor();
    await report.getByRole("heading", { name: "What triage read" }).waitFor();
    await report.getByRole("button", { name: /What triage read/ }).click();
    await expect.poll(() => report.getByText("%").count()).toBeGreaterThan(3);
  });

  test("a wrong category is put right", async () => {
    await button(/Change Category/).click();
    await page.getByRole("menuitemradio", { name: "Usability" }).click();
    await page.getByText(/corrected the category from/).waitFor();
    await button(/Change Category: Usability/).waitFor();
  });

  test("accepting by key makes an issue, and the next report is open at once", async () => {
    const before = page.url();
    await page.getByRole("region", { name: "Report" }).focus();
    await page.keyboard.press("Enter");
    await page
      .getByText(/Accepted as HC-1/)
      .first()
      .waitFor();
    await expect.poll(() => page.url()).not.toBe(before);
  });

  test("undo by key takes it back, and accepting again works", async () => {
    await page.keyboard.press("z");
    await page.getByText("Undone").first().waitFor();
    await page.goto(`${launchPath}/feedback?q=Kerkstraat`);
    await page
      .getByRole("region", { name: "Report" })
      .getByText("Kerkstraat 14 becomes", { exact: false })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Accept", exact: true }).click();
    await page
      .getByText(/Accepted as HC-/)
      .first()
      .waitFor();
  });

  test("a report of the same is joined to it", async () => {
    await page.goto(`${launchPath}/feedback?q=drops+the+house+number`);
    await page.getByRole("region", { name: "Report" }).getByText("drops the house number").first().waitFor();
    await page.keyboard.press("l");
    const dialog = page.getByRole("dialog", { name: "Join to an issue" });
    await dialog.getByRole("textbox").fill("Kerkstraat");
    await dialog.getByRole("button").filter({ hasText: "House number gone" }).click();
    await page
      .getByText(/Joined to HC-/)
      .first()
      .waitFor();
  });

  test("several are marked by keys and grouped into one issue", async () => {
    await page.goto(`${launchPath}/feedback?q=voucher`);
    await page.getByRole("list", { name: "Feedback" }).getByRole("listitem").first().waitFor();
    await page.goto(`${launchPath}/feedback`);
    await page.getByRole("list", { name: "Feedback" }).getByRole("listitem").nth(2).waitFor();
    await page.keyboard.press("x");
    await page.keyboard.press("Shift+J");
    await page.getByText("2 selected").first().waitFor();
    await button("Accept and group").click();
    await page
      .getByText(/reports? accepted/)
      .first()
      .waitFor();
  });

  test("issues are ranked, and the rank is explained", async () => {
    await page.goto(`${launchPath}/issues`);
    const rows = page.getByRole("main").getByRole("listitem").filter({ hasText: /HC-\d/ });
    await rows.first().waitFor();
    await button(/^Priority .*why/)
      .first()
      .click();
    await page
      .getByText(/× urgency/)
      .first()
      .waitFor();
    await page.keyboard.press("Escape");
    const proposals = page.getByRole("button", { name: "Accept", exact: true });
    await proposals.first().waitFor();
    await proposals.first().click();
    await page
      .getByText(/accepted/)
      .first()
      .waitFor();
    await rows
      .filter({ hasText: /(^|\D)([2-9]|\d\d+) reports/ })
      .first()
      .getByRole("link")
      .click();
    await page.getByRole("list", { name: "Stages" }).waitFor();
    issuePath = new URL(page.url()).pathname;
    await page.getByRole("button", { name: /^Analysis/ }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await expect
      .poll(() => page.getByRole("list", { name: "Stages" }).locator("[aria-current=step]").textContent())
      .toMatch(/Analysis/);
  });

  test("two issues are merged with a preview, and parted again by undo", async () => {
    await page.keyboard.press("m");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("radio").first().check();
    await dialog.getByText(/will hold \d+ reports/).waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Merge" }).click();
    await page
      .getByText(/merged into HC-/)
      .first()
      .waitFor();
    await page.keyboard.press("z");
    await page.getByText("Undone").first().waitFor();
  });

  test("the palette finds places, issues and reports", async () => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("Kerkstraat");
    await page.getByRole("option").filter({ hasText: "Kerkstraat" }).first().waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("combobox").fill("deliveries");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Deliveries" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Escape");
  });

  test("a rule is previewed on past feedback and kept", async () => {
    await page.goto(`${launchPath}/rules`);
    await button("New rule").first().click();
    await page.getByLabel("Name").fill("Bugs of payment are severe");
    await page.getByLabel("When").fill('category == "bug"');
    await page
      .getByText(/Would have hit \d+ of the last \d+/)
      .first()
      .waitFor();
    await page.getByLabel("Severity becomes").selectOption("sev2");
    expect(await axe(page)).toEqual([]);
    await button("Save").click();
    await button("Bugs of payment are severe").waitFor();
  });

  test("what arrives meanwhile waits in a pill", async () => {
    await page.goto(`${launchPath}/feedback`);
    await page.getByRole("list", { name: "Feedback" }).getByRole("listitem").first().waitFor();
    await page.getByRole("status").filter({ hasText: "Live" }).first().waitFor({ timeout: 10_000 });
    await page.evaluate(async (path) => {
      await fetch(`/api/v1${path}/feedback`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          text: "The order number is missing on the last page",
          author: { name: "Late Larry" },
        }),
      });
    }, launchPath);
    await button("1 new").click({ timeout: 10_000 });
    await page.getByText("Late Larry").first().waitFor();
  });
});

const overlays: [name: string, path: () => string, show: (p: Page) => Promise<void>][] = [
  ["palette", () => `${launchPath}/feedback`, (p) => p.keyboard.press("Control+k")],
  ["keys", () => `${launchPath}/feedback`, (p) => p.keyboard.press("?")],
  ["filter", () => `${launchPath}/feedback`, (p) => p.keyboard.press("f")],
  ["severity-menu", () => `${launchPath}/feedback`, (p) => p.keyboard.press("s")],
  ["join", () => `${launchPath}/feedback`, (p) => p.keyboard.press("l")],
  ["user-menu", () => `${launchPath}/issues`, (p) => p.getByRole("button", { name: /Your account/ }).click()],
  [
    "launch-menu",
    () => `${launchPath}/issues`,
    (p) => p.getByRole("button", { name: /Switch launch/ }).click(),
  ],
  [
    "why-priority",
    () => `${launchPath}/issues`,
    (p) =>
      p
        .getByRole("button", { name: /^Priority .*why/ })
        .first()
        .click(),
  ],
  ["merge", () => issuePath, (p) => p.keyboard.press("m")],
  ["split", () => issuePath, (p) => p.getByRole("button", { name: "Split" }).click()],
  [
    "rule-editor",
    () => `${launchPath}/rules`,
    (p) => p.getByRole("button", { name: "New rule" }).first().click(),
  ],
  [
    "delivery",
    () => `${launchPath}/deliveries`,
    (p) => p.getByRole("main").getByRole("listitem").getByRole("button").first().click(),
  ],
  ["token", () => "/settings/tokens", (p) => p.getByRole("button", { name: "Create token" }).first().click()],
  ["member", () => "/settings/members", (p) => p.getByRole("button", { name: "Add a member" }).click()],
];

const routes: [name: string, path: () => string][] = [
  ["inbox", () => `${launchPath}/feedback`],
  ["inbox-all", () => `${launchPath}/feedback?tab=all&severity=sev2`],
  ["issues", () => `${launchPath}/issues`],
  ["issue", () => issuePath],
  ["imports", () => `${launchPath}/imports`],
  ["deliveries", () => `${launchPath}/deliveries`],
  ["rules", () => `${launchPath}/rules`],
  ["decisions", () => `${launchPath}/decisions`],
  ["launch-settings", () => `${launchPath}/settings`],
  ["send", () => `${launchPath}/send`],
  ["new-launch", () => "/launches/new"],
  ["members", () => "/settings/members"],
  ["tokens", () => "/settings/tokens"],
  ["appearance", () => "/settings/appearance"],
  ["audit", () => "/settings/audit"],
  ["not-found", () => "/nowhere/at-all"],
];

describe.each<Theme>(["light", "dark"])("every page in %s", (theme) => {
  test.each(theme === "light" ? [desktop, tablet, phone] : [desktop, phone])(
    "has no axe violation at $width",
    async (size) => {
      const other = await open(browser, { state, theme, size });
      const found: string[] = [];
      for (const [name, path] of routes) {
        await other.page.goto(path());
        await other.page.getByRole("heading").first().waitFor({ state: "attached" });
        await settled(other.page);
        await other.page.screenshot({ path: `${shots}/${name}-${theme}-${size.width}.png` });
        found.push(...(await axe(other.page)).map((v) => `${name}: ${v}`));
        const wide = await other.page.evaluate(
          () => document.documentElement.scrollWidth > window.innerWidth,
        );
        if (wide) found.push(`${name}: wider than the screen`);
      }
      await other.context.close();
      expect(found).toEqual([]);
    },
  );
  test("has no axe violation with dialogs, menus and panels open", async () => {
    const other = await open(browser, { state, theme });
    const found: string[] = [];
    for (const [name, path, show] of overlays) {
      await other.page.goto(path());
      await other.page.getByRole("heading").first().waitFor({ state: "attached" });
      await settled(other.page);
      await show(other.page);
      await other.page.locator("[role=dialog], [role=menu]").first().waitFor();
      await settled(other.page);
      await other.page.screenshot({ path: `${shots}/open-${name}-${theme}-1440.png` });
      found.push(...(await axe(other.page)).map((v) => `${name}: ${v}`));
    }
    await other.context.close();
    expect(found).toEqual([]);
  });
});
