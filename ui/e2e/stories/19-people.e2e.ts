import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, desktop, faults, launchBrowser, open, phone, settled, shots, toast } from "../browser";
import { type Api, asMember, asOwner, launchWith } from "../workspace";

// Two records turn out to be one person, a customer list gives them weight, and in the end one is forgotten.

let browser: Browser;
let by: Api;
let page: Page;

beforeAll(async () => {
  by = await asOwner();
  browser = await launchBrowser();
  await launchWith(by, "People", [
    {
      text: "The basket is empty after I sign in",
      author: { name: "Zoe Quill", email: "zoe@quill.example" },
    },
    { text: "Payment never ends", author: { name: "Zoe Quill", email: "z.quill@quill.example" } },
    {
      text: "I can see my neighbour's orders",
      author: { name: "Finn Gone", email: "finn@gone.example", user_id: "finn-9" },
    },
  ]);
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const person = (name: string) =>
  page.getByRole("list", { name: "People" }).getByRole("link", { name }).first();

describe("people", () => {
  test("two who have the same name at one organisation are suggested, merged with a preview, and taken apart again", async () => {
    await page.goto("/people?tab=same");
    const pair = page.getByRole("listitem").filter({ hasText: "z.quill@quill.example" });
    await pair.getByText("They have the same name at the same organisation.").waitFor();
    await pair.getByRole("button", { name: "Merge" }).click();
    const dialog = page.getByRole("dialog");
    await dialog
      .getByText(/1 identities and 1 reports will move|identities and .* reports will move/)
      .waitFor();
    await settled(page);
    expect(await axe(page, [], "[role=dialog]")).toEqual([]);
    await page.screenshot({ path: `${shots}/people-merge.png` });
    await dialog.getByRole("button", { name: "Merge", exact: true }).click();
    await page.getByRole("heading", { name: "Zoe Quill" }).waitFor();
    const reports = page.getByRole("list", { name: "Reports" }).getByRole("listitem");
    await reports.nth(1).waitFor();
    expect(await reports.count()).toBe(2);
    await page.getByText("2 wait for an answer").waitFor();
    await page.getByText("Zoe Quill was merged into Zoe Quill").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await toast(page, /As it was/);
    await page.getByText("(taken back)").waitFor();
    await reports.nth(1).waitFor({ state: "detached" });
  });

  test("a customer list is tried before it is taken in, and gives people an organisation", async () => {
    await page.goto("/people");
    await page.getByRole("heading", { name: "People", exact: true }).waitFor();
    await settled(page);
    await page.keyboard.press("i");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("File").setInputFiles({
      name: "customers.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(
        "email,company,organisation.tier\nzoe@quill.example,Quill Ltd,enterprise\nnonsense,,\n",
      ),
    });
    await dialog.getByText("2 rows: 0 new people, 1 changed, 0 as they are").waitFor();
    await dialog.getByText(/Row 3: .*not an e-mail address/).waitFor();
    await dialog.getByRole("button", { name: "Import" }).click();
    await toast(page, /0 new people, 1 changed/);
    await page.goto("/people?tab=organisations");
    await page.getByText("tier: enterprise").waitFor();
    await page.goto("/people?tab=segments");
    await page.getByRole("heading", { name: "People", exact: true }).waitFor();
    await settled(page);
    await page.keyboard.press("n");
    await dialog.getByLabel("Name").fill("Key voices");
    await dialog.getByLabel("Attribute").fill("tier");
    await dialog.getByLabel("Values").fill("enterprise");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "Key voices" }).click();
    await person("Zoe Quill").waitFor();
    expect(await page.getByRole("list", { name: "People" }).getByRole("listitem").count()).toBe(1);
  });

  test("the page of a person is readable in both themes and on a phone", async () => {
    await page.goto("/people?q=zoe%40");
    await person("Zoe Quill").click();
    await page.getByRole("heading", { name: "Zoe Quill" }).waitFor();
    const path = new URL(page.url()).pathname;
    for (const theme of ["light", "dark"] as const)
      for (const size of [desktop, phone]) {
        const other = await open(browser, { as: by, theme, size });
        await other.page.goto(path);
        await other.page.getByRole("list", { name: "Reports" }).getByRole("listitem").first().waitFor();
        await settled(other.page);
        expect(await axe(other.page)).toEqual([]);
        await other.page.screenshot({ path: `${shots}/person-${theme}-${size.width}.png` });
        await other.page.goto("/people");
        await other.page.getByRole("list", { name: "People" }).getByRole("listitem").first().waitFor();
        await settled(other.page);
        await other.page.screenshot({ path: `${shots}/people-${theme}-${size.width}.png` });
        await other.context.close();
      }
  });

  test("a person is erased for good, which a viewer can't begin", async () => {
    await page.goto("/people?q=finn");
    await person("Finn Gone").click();
    await page.getByRole("heading", { name: "Finn Gone" }).waitFor();
    const viewer = await open(browser, { as: await asMember("Vera", "viewer") });
    await viewer.page.goto(new URL(page.url()).pathname);
    await viewer.page.getByRole("heading", { name: "Finn Gone" }).waitFor();
    expect(await viewer.page.getByRole("button", { name: "More" }).count()).toBe(0);
    expect(await viewer.page.getByRole("button", { name: "Merge" }).count()).toBe(0);
    await viewer.context.close();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Erase for good" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("erase");
    await dialog.getByRole("button", { name: "Erase", exact: true }).click();
    await dialog.getByText("Everything is erased.").waitFor({ timeout: 60_000 });
    await dialog.getByText("Reports and deliveries: 1").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.goto("/people?q=finn");
    await page.getByText("Nobody fits.").waitFor();
  });
});
