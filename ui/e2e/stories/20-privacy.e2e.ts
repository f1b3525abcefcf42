import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, desktop, faults, launchBrowser, listOf, open, phone, settled, shots, toast } from "../browser";
import { type Api, asOwner, launchWith } from "../workspace";

// A card is sealed by policy, stands in the report as a chip, and is seen with a reason.

let browser: Browser;
let by: Api;
let page: Page;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(async () => {
  // The other stories have what comes with the product.
  await by?.call("PUT", "/privacy", {
    kinds: { card: { storage: "mask", exports: true, models: true } },
    reveal_roles: ["owner", "admin"],
    retention_days: 30,
  });
  await browser?.close();
});
afterEach(() => expect(faults.splice(0)).toEqual([]));

describe("privacy", () => {
  test("the owner says that cards are sealed, and sees on a text what that does", async () => {
    await page.goto("/settings/privacy");
    const cards = page.getByRole("combobox", { name: /Payment cards/ });
    await cards.selectOption({ label: "Cover, seal the original" });
    await page.getByRole("textbox", { name: "Text" }).fill("Card 4111 1111 1111 1111 of ada@example.com");
    await page.getByText("Card [card] of ada@example.com").waitFor();
    await page.getByText("Card [card] of [email]").first().waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Save" }).click();
    await toast(page, /Saved/);
    await page.reload();
    await cards.waitFor();
    expect(await cards.inputValue()).toBe("seal");
  });

  test("a report shows chips, and the original with a reason", async () => {
    launch = await launchWith(by, "Private", [
      {
        title: "Payment",
        text: "I paid with 4111 1111 1111 1111 twice and the second time it was declined; my password is Hunter2!x and nobody answers the phone, so I write here what happened since this morning.",
      },
    ]);
    await page.goto(`${launch}/feedback`);
    await listOf(page).first().waitFor();
    const report = page.getByRole("region", { name: "Report" });
    await report.getByTitle(/Covered before it was stored: password/).waitFor();
    await report.getByText("1 original is sealed").waitFor();
    await settled(page);
    expect(await axe(page)).toEqual([]);
    expect(await report.textContent()).not.toContain("4111");
    await report.getByRole("button", { name: "card number" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("Refund, ticket 4711");
    await settled(page);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await dialog.getByText("4111 1111 1111 1111").waitFor();
    await page.screenshot({ path: `${shots}/privacy-reveal.png` });
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.goto("/settings/audit");
    await page
      .getByText(/Refund, ticket 4711/)
      .first()
      .waitFor();
  });

  test("the page in both themes and sizes", async () => {
    for (const theme of ["light", "dark"] as const)
      for (const size of [desktop, phone]) {
        const { context, page: other } = await open(browser, { as: by, theme, size });
        await other.goto("/settings/privacy");
        await other.getByRole("combobox", { name: /Payment cards/ }).waitFor();
        await settled(other);
        expect(await axe(other)).toEqual([]);
        await other.screenshot({
          path: `${shots}/settings-privacy-${theme}-${size.width}.png`,
          fullPage: true,
        });
        await context.close();
      }
  });
});
