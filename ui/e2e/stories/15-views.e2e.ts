import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, listOf, open, settled, shots, toast } from "../browser";
import { type Api, asMember, asOwner, launchWith } from "../workspace";

const reports = [
  { title: "Card payment spins", text: "The card payment spins and never finishes after 3-D Secure." },
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
  launch = await launchWith(by, "Views", reports);
  const other = await asMember("Sam Rivera", "responder");
  browser = await launchBrowser();
  marta = (await open(browser, { as: by })).page;
  sam = (await open(browser, { as: other })).page;
  await marta.goto(`${launch}/feedback?tab=all&q=card`);
  await listOf(marta).first().waitFor();
  await settled(marta);
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const filters = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);
const menu = (page: Page) => page.getByRole("menu");
async function openMenu(page: Page) {
  await page.keyboard.press("v");
  await menu(page).waitFor();
}
const views = async () =>
  (await by.get<{ items: { id: string; name: string; shared: boolean }[] }>(`${launch}/views`)).items;

describe("a list with a name", () => {
  test("is saved by keyboard, and the button says its name", async () => {
    await marta.keyboard.press("Shift+V");
    await marta.getByRole("dialog").waitFor();
    expect(await axe(marta)).toEqual([]);
    await marta.keyboard.type("Cards");
    await marta.keyboard.press("Tab");
    await marta.keyboard.press("Space");
    await marta.keyboard.press("Enter");
    await marta.getByRole("button", { name: "Cards", exact: true }).waitFor();
    expect(await views()).toMatchObject([{ name: "Cards", shared: true }]);
  });

  test("a second one of that name is refused with a sentence", async () => {
    await marta.goto(`${launch}/feedback?tab=all&q=receipt`);
    await listOf(marta).first().waitFor();
    await marta.keyboard.press("Shift+V");
    await marta.getByRole("dialog").waitFor();
    await marta.keyboard.type("Cards");
    await marta.keyboard.press("Enter");
    await marta
      .getByRole("alert")
      .filter({ hasText: /already/ })
      .waitFor();
    await marta.keyboard.press("Escape");
    await marta.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("opens by its number in the menu", async () => {
    await openMenu(marta);
    expect(await axe(marta)).toEqual([]);
    await marta.screenshot({ path: `${shots}/views-light-1440.png` });
    await marta.keyboard.press("1");
    await expect.poll(() => filters(marta)).toEqual({ q: "card", tab: "all" });
  });

  test("its link shows a colleague the same list, a private one's address shows them nothing", async () => {
    const [shared] = await views();
    await sam.goto(`/views/${shared?.id}`);
    await listOf(sam).filter({ hasText: "Card payment spins" }).waitFor();
    expect(filters(sam)).toEqual({ q: "card", tab: "all" });
    await sam.getByRole("button", { name: "Cards", exact: true }).waitFor();
    const mine = await by.post<{ id: string }>(`${launch}/views`, {
      page: "feedback",
      name: "Mine",
      query: "q=dark",
    });
    await sam.goto(`/views/${mine.id}`);
    await sam.getByText("The address leads nowhere", { exact: false }).waitFor();
    faults.splice(0); // the router logs what it was refused
    await sam.goto(`${launch}/feedback?q=card&tab=all`);
    await sam.getByRole("button", { name: "Cards", exact: true }).waitFor();
    await openMenu(sam);
    expect(await menu(sam).getByRole("menuitem", { name: "Mine" }).count()).toBe(0);
    await sam.keyboard.press("Escape");
  });

  test("removed it is back with Z", async () => {
    await openMenu(marta);
    await menu(marta).getByRole("menuitem", { name: "Remove this view" }).click();
    await toast(marta, /removed/);
    expect((await views()).map((v) => v.name)).toEqual(["Mine"]);
    await marta.keyboard.press("z");
    await expect.poll(async () => (await views()).map((v) => v.name)).toEqual(["Cards", "Mine"]);
  });
});
