import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, listOf, open, shots } from "../browser";
import { firstLaunch } from "../workspace";

let browser: Browser;
let page: Page;
let launchPath = "";

beforeAll(async () => {
  const { by, launch } = await firstLaunch();
  launchPath = launch;
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const button = (name: string | RegExp) => page.getByRole("button", { name });

describe("at the desk", () => {
  test("search finds by words", async () => {
    await page.goto(`${launchPath}/feedback`);
    await button("Search feedback").click();
    await page.getByRole("searchbox", { name: "Search feedback" }).fill("house number");
    await expect.poll(() => page.url()).toMatch(/q=house/);
    const rows = listOf(page);
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
    await listOf(page).first().waitFor();
    await page.goto(`${launchPath}/feedback`);
    await listOf(page).nth(2).waitFor();
    await page.keyboard.press("x");
    await page.keyboard.press("Shift+J");
    await page.getByText("2 selected").first().waitFor();
    await button("Accept and group").click();
    await page
      .getByText(/reports? accepted/)
      .first()
      .waitFor();
  });
});
