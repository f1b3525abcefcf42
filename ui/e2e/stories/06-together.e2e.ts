import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, listOf, open } from "../browser";
import { type Api, asMember, asOwner, launchWith } from "../workspace";

const reports = [
  { title: "Card payment spins", text: "The card payment spins and never finishes after 3-D Secure." },
  { title: "House number gone", text: "The address search drops the house number." },
  { title: "Two receipts", text: "I got the same receipt e-mail twice." },
  { title: "Dark theme", text: "Please add a dark theme to the app." },
];

let browser: Browser;
let marta: Page;
let sam: Page;
let by: Api;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Together", reports);
  const other = await asMember("Sam Rivera", "responder");
  browser = await launchBrowser();
  marta = (await open(browser, { as: by })).page;
  sam = (await open(browser, { as: other })).page;
  for (const page of [marta, sam]) {
    await page.goto(`${launch}/feedback?tab=all`);
    await page.getByRole("status").filter({ hasText: "Live" }).first().waitFor();
    await listOf(page).first().waitFor();
  }
  // Nothing may come by a reload or by coming back to the window.
  for (const page of [marta, sam]) {
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
  }
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const tag = (page: Page) => page.getByRole("article").locator("header");
const row = (page: Page, title: string) => listOf(page).filter({ hasText: title });
async function show(page: Page, title: string) {
  await row(page, title).getByRole("link").click();
  await page.getByRole("article").getByRole("heading", { name: title }).waitFor();
}

/** How long each change took to be seen over there. */
const took: number[] = [];
async function within(what: string, seen: () => Promise<void>) {
  const start = performance.now();
  await seen();
  const ms = performance.now() - start;
  took.push(ms);
  console.log(`measured: ${what}: ${ms.toFixed(0)} ms (a second at most)`);
}

describe("two people at one desk", () => {
  test("what one accepts is accepted in the item that the other has open", async () => {
    for (const page of [marta, sam]) await show(page, "Card payment spins");
    await marta.getByRole("button", { name: "Accept", exact: true }).click();
    await within("accepted, in the open item", () =>
      tag(sam).getByText("Accepted").waitFor({ timeout: 5_000 }),
    );
  });

  test("and its row in the other's list has the issue", async () => {
    await show(sam, "Dark theme");
    await show(marta, "House number gone");
    await marta.getByRole("button", { name: "Accept", exact: true }).click();
    await within("accepted, in the row", () =>
      row(sam, "House number gone")
        .getByText(/HC-\d+/)
        .waitFor({ timeout: 5_000 }),
    );
    await row(sam, "Card payment spins")
      .getByText(/HC-\d+/)
      .waitFor({ timeout: 5_000 });
  });

  test("a category and a severity put right here are right there, in the item and in the row", async () => {
    for (const page of [marta, sam]) await show(page, "Two receipts");
    await marta.keyboard.press("t");
    await marta.getByRole("menuitemradio", { name: "Usability" }).click();
    await within("corrected, in the open item", () =>
      sam.getByRole("button", { name: /Change Category.*Usability/ }).waitFor({ timeout: 5_000 }),
    );
    await marta.getByRole("menu").waitFor({ state: "detached" });
    await marta.keyboard.press("1");
    await within("corrected, in the row", () =>
      row(sam, "Two receipts").getByText("Sev 1").waitFor({ timeout: 5_000 }),
    );
  });

  test("the other way round too: what the responder ignores is ignored at the owner's", async () => {
    for (const page of [marta, sam]) await show(page, "Dark theme");
    await sam.keyboard.press("e");
    await within("ignored, in the open item", () =>
      tag(marta).getByText("Ignored").waitFor({ timeout: 5_000 }),
    );
    await sam.keyboard.press("z");
    await within("undone, in the open item", () =>
      tag(marta).getByText("To triage").waitFor({ timeout: 5_000 }),
    );
  });

  test("within a second, and without a reload", async () => {
    // The machine may be busy with something else for one of them; not for all.
    expect(took.length).toBeGreaterThanOrEqual(5);
    expect(took.sort((a, b) => a - b)[Math.floor(took.length / 2)]).toBeLessThan(1000);
    for (const page of [marta, sam]) {
      expect(await page.evaluate(() => (globalThis as { sameDocument?: boolean }).sameDocument)).toBe(true);
    }
  });
});
