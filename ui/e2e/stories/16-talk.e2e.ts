import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, listOf, open, settled, toast } from "../browser";
import { type Api, asMember, asOwner, launchWith } from "../workspace";

// Two people talk about a report: a note that calls on somebody, and the way from the bell to it.

let browser: Browser;
let by: Api;
let marta: Page;
let sam: Page;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Talk", [
    { title: "Card payment spins", text: "The card payment spins and never finishes after 3-D Secure." },
    { title: "Two receipts", text: "I got the same receipt e-mail twice." },
  ]);
  const other = await asMember("Greta Holm", "responder");
  browser = await launchBrowser();
  marta = (await open(browser, { as: by })).page;
  sam = (await open(browser, { as: other })).page;
  await sam.goto(`${launch}/issues`);
  await marta.goto(`${launch}/feedback`);
  await listOf(marta).first().waitFor();
  await settled(marta);
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const note = (page: Page) => page.getByRole("region", { name: "Report" }).getByText(/can you look at/);

describe("people talk where the report is", () => {
  test("a note that calls on a colleague is written with keys alone", async () => {
    await marta.keyboard.press("n");
    await marta.keyboard.type("@gre");
    await marta.getByRole("option", { name: /Greta Holm/ }).waitFor();
    expect(await axe(marta)).toEqual([]);
    await marta.keyboard.press("Enter");
    await marta.keyboard.type("can you look at the bank window?");
    await marta.keyboard.press("Control+Enter");
    await note(marta).waitFor();
  });

  test("the colleague's bell says so without a reload, and leads there by keys", async () => {
    await sam.getByRole("button", { name: /Mentions.*1|1.*mention/i }).waitFor();
    await sam.keyboard.press("g");
    await sam.keyboard.press("n");
    await sam
      .getByRole("dialog")
      .getByText(/can you look at/)
      .waitFor();
    await settled(sam);
    expect(await axe(sam)).toEqual([]);
    await sam.keyboard.press("Enter");
    await note(sam).waitFor();
    await sam.waitForURL(/\/feedback/);
  });

  test("it is taken back by key, and is gone at the colleague's too", async () => {
    await marta.keyboard.press("Escape");
    await marta.keyboard.press("z");
    await toast(marta, "Undone");
    await expect.poll(() => note(marta).count()).toBe(0);
    await expect.poll(() => note(sam).count()).toBe(0);
  });
});
