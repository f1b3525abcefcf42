import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, listOf, open } from "../browser";
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

describe("issues, and what leads to them", () => {
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
    await listOf(page).first().waitFor();
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
