import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, listOf, open, settled, shots, toast } from "../browser";
import { type Line, lineToServer } from "../line";
import { type Api, asOwner, launchWith, rows, send } from "../workspace";

const reports = [
  { title: "Card payment spins", text: "The card payment spins and never finishes after 3-D Secure." },
  { title: "House number gone", text: "The address search drops the house number." },
  { title: "Two receipts", text: "I got the same receipt e-mail twice." },
];

let browser: Browser;
let context: BrowserContext;
let page: Page;
let line: Line;
let by: Api;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Connection", reports);
  line = await lineToServer();
  browser = await launchBrowser();
  ({ context, page } = await open(browser, { as: by, at: line.url }));
  await page.goto(`${launch}/feedback`);
  await dot("live").waitFor();
  await listOf(page).first().waitFor();
  await settled(page);
});
afterAll(async () => {
  await browser?.close();
  await line?.close();
});
afterEach(() => expect(faults.splice(0)).toEqual([]));

const dot = (state: "live" | "stale") => page.locator(`.live-dot[data-state=${state}]`).first();
const banner = () => page.getByText(/You are offline/);

describe("when the line is lost", () => {
  test("a banner says so, and the dot is hollow with the time of the last word", async () => {
    await context.setOffline(true);
    line.cut();
    await banner().waitFor();
    await dot("stale").waitFor();
    await page
      .getByRole("status")
      .filter({ hasText: /Not live, last update \d\d:\d\d/ })
      .first()
      .waitFor();
    // Hollow is a shape, not only another colour.
    expect(await dot("stale").evaluate((e) => getComputedStyle(e).backgroundColor)).toBe("rgba(0, 0, 0, 0)");
    await page.screenshot({ path: `${shots}/offline-light-1440.png` });
  });

  test("an act is refused with a sentence, and the row is where it was", async () => {
    const before = await listOf(page).allTextContents();
    await page.keyboard.press("Enter");
    await toast(page, /The server cannot be reached\. Nothing was lost/);
    await expect.poll(() => listOf(page).allTextContents()).toEqual(before);
    expect((await rows(by, launch)).map((f) => f.state)).toEqual(["new", "new", "new"]);
  });

  test("what is on the page can still be read and moved through", async () => {
    const heading = (name: string) => page.getByRole("article").getByRole("heading", { name });
    await heading("House number gone").waitFor();
    await page.keyboard.press("j");
    await heading("Two receipts").waitFor();
    await page.keyboard.press("k");
    await page.keyboard.press("k");
    await heading("Card payment spins").waitFor();
  });
});

describe("when it is back", () => {
  test("the page is live again, and what came meanwhile waits in the pill", async () => {
    await send(by, launch, [{ title: "Came meanwhile", text: "The gift card shows 0 after a refund." }]);
    line.mend();
    await context.setOffline(false);
    await banner().waitFor({ state: "detached" });
    // The browser tries again by itself, after a wait that grows to half a minute.
    await dot("live").waitFor({ timeout: 45_000 });
    await page.getByRole("button", { name: "1 new" }).waitFor({ timeout: 5_000 });
    expect(await listOf(page).filter({ hasText: "Came meanwhile" }).count()).toBe(0);
    await page.getByRole("button", { name: "1 new" }).click();
    await listOf(page).filter({ hasText: "Came meanwhile" }).waitFor();
  });

  test("acts work again", async () => {
    await page.goto(`${launch}/feedback`);
    await listOf(page).filter({ hasText: "Card payment spins" }).getByRole("link").click();
    await page.keyboard.press("Enter");
    await toast(page, /Accepted as HC-\d+/);
  });
});
