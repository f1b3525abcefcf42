import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, listOf, open, settled, toast } from "../browser";
import { type Api, asOwner, launchWith, rows, send } from "../workspace";

const suppliers = [
  "Acme",
  "Globex",
  "Initech",
  "Umbrella",
  "Hooli",
  "Stark",
  "Wayne",
  "Tyrell",
  "Cyberdyne",
  "Soylent",
];

/** Reports of one kind, each about another supplier and order. */
const approvals = (from: number, n: number) =>
  Array.from({ length: n }, (_, i) => {
    const who = suppliers[(from + i) % suppliers.length];
    const order = 4000 + from * 37 + i * 11;
    const text = [
      `The purchase order for ${who} ${order} waits for the approval of my manager.`,
      `Please approve purchase order ${order} to supplier ${who}, the manager is on holiday.`,
      `${who}: purchase order ${order} was sent for approval last week and nobody approved it.`,
      `Who approves purchase orders to ${who}? Number ${order} has been waiting.`,
    ][i % 4] as string;
    return { text };
  });

let browser: Browser;
let page: Page;
let by: Api;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Lessons", [
    ...approvals(0, 20),
    { text: "The app crashes when I open the camera." },
  ]);
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

describe("what people correct teaches", () => {
  test("none of them is read as documentation before", async () => {
    const read = await rows(by, launch);
    expect(read.filter((f) => f.category === "documentation")).toEqual([]);
  });

  test("three are put right by keyboard, the rest with them", async () => {
    await page.goto(`${launch}/feedback`);
    await listOf(page).first().waitFor();
    for (let i = 0; i < 3; i++) {
      await settled(page);
      await page.keyboard.press("t");
      await page.getByRole("menuitemradio", { name: "Documentation" }).waitFor();
      // Letters are the menu's from when it has the focus, a frame or two after it is drawn.
      await page.waitForFunction(() => document.activeElement?.closest("[role=menu]"));
      await page.keyboard.type("Doc");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: /Change Category.*Documentation/ }).waitFor();
      await toast(page, /correct|learn|changed/i);
      await page.keyboard.press("j");
    }
    const left = (await rows(by, launch)).filter(
      (f) => f.category !== "documentation" && /purchase order/i.test(f.snippet),
    );
    expect(left.length).toBe(17);
    await by.post(`${launch}/feedback/correct`, { ids: left.map((f) => f.id), category: "documentation" });
  });

  test("the next one like them follow, when they arrive and are shown", async () => {
    await page.goto(`${launch}/feedback`);
    await page.getByRole("status").filter({ hasText: "Live" }).first().waitFor();
    await settled(page);
    const ids = await send(by, launch, approvals(100, 8));
    const came = (await rows(by, launch)).filter((f) => ids.includes(f.id));
    expect(came.filter((f) => f.category === "documentation").length).toBeGreaterThanOrEqual(6);
    await page.getByRole("button", { name: "8 new" }).click();
    await settled(page);
    let shown = 0;
    for (let i = 0; i < 6; i++) {
      await settled(page);
      shown += await page.getByRole("button", { name: /Change Category.*Documentation/ }).count();
      await page.keyboard.press("j");
    }
    expect(shown).toBeGreaterThanOrEqual(4);
  });

  test("others are read as ever", async () => {
    const [id] = await send(by, launch, [{ text: "The app crashes as soon as I open the settings." }]);
    expect((await rows(by, launch)).find((f) => f.id === id)?.category).toBe("bug");
  });

  test("the decisions page has the corrections", async () => {
    await page.goto(`${launch}/decisions`);
    await page.getByRole("heading", { name: "Decisions" }).first().waitFor();
    await settled(page);
    expect(await page.getByRole("main").textContent()).toMatch(/Documentation/);
  });
});
