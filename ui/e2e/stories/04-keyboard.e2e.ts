import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faults, launchBrowser, listOf, open, toast } from "../browser";
import { type Api, asOwner, launchWith, rows } from "../workspace";

const reports = [
  {
    title: "Order number missing on the last page",
    text: "The page after paying shows no order number at all.",
  },
  {
    title: "Card payment spins again",
    text: "After 3-D Secure the card payment spins and never finishes, tried it twice.",
  },
  {
    title: "Invoice without our VAT number",
    text: "The invoice does not have our VAT number, accounting can't book it.",
  },
  {
    title: "Spinner after 3-D Secure",
    text: "The card payment just spins after 3-D Secure and never finishes.",
  },
  { title: "Cheap followers", text: "Buy ten thousand followers on our page today." },
  {
    title: "Delivery date one day early",
    text: "I chose Friday for the delivery and the confirmation says Thursday.",
  },
  { title: "Where is the gift card field?", text: "I can't find where to type in the code of my gift card." },
  {
    title: "The first report of all",
    text: "Card payment spins for ever after the 3-D Secure step, no order.",
  },
];

let browser: Browser;
let page: Page;
let by: Api;
let launch = "";
/** Acts that are kept from the server, so that "at once" can't mean "when it has answered". */
const held: (() => void)[] = [];
let holding = false;

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Triage by keyboard", reports);
  // One issue is there already, so that the next of its kind has something to be joined to.
  const first = (await rows(by, launch)).find((f) => f.title === "The first report of all");
  await by.post(`/feedback/${first?.id}/accept`);
  browser = await launchBrowser();
  const session = await open(browser, { as: by });
  page = session.page;
  await session.context.addInitScript(() => {
    const seen = globalThis as unknown as { pointers: number };
    seen.pointers = 0;
    for (const type of ["pointerdown", "mousedown", "click"]) {
      // A click that a key made has no pointer behind it (detail 0).
      window.addEventListener(
        type,
        (e) => (seen.pointers += (e as MouseEvent).detail > 0 || type !== "click" ? 1 : 0),
        true,
      );
    }
  });
  await page.route(/\/api\/v1\/(feedback|launches|undo)\/.*/, async (route) => {
    if (holding && route.request().method() !== "GET") await new Promise<void>((go) => held.push(go));
    await route.continue();
  });
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const heading = () => page.getByRole("region", { name: "Report" }).getByRole("heading", { level: 2 }).first();
const isOpen = (title: string) =>
  expect.poll(() => heading().textContent(), { timeout: 2_000, interval: 20 }).toBe(title);

/** Presses a key while the server is made to wait; what `atOnce` says must hold before it has heard of it. */
async function press(key: string, atOnce: () => Promise<unknown>): Promise<void> {
  holding = true;
  await page.keyboard.press(key);
  await atOnce();
  await expect.poll(() => held.length).toBeGreaterThan(0);
  holding = false;
  for (const go of held.splice(0)) go();
}

describe("five reports are triaged, and no hand is at the mouse", () => {
  test("the first is open and the keys are its own", async () => {
    await page.goto(`${launch}/feedback`);
    await listOf(page).first().waitFor();
    await isOpen("Order number missing on the last page");
  });

  test("one is accepted by Enter, and the next is open before the server has answered", async () => {
    await press("Enter", () => isOpen("Card payment spins again"));
    await toast(page, /Accepted as HC-\d+/);
  });

  test("one is joined to the suggested issue by Shift and Enter", async () => {
    const suggested = page.getByRole("region", { name: "Suggested by triage" });
    await suggested
      .getByRole("button", { name: /HC-\d+.*The first report of all/ })
      .first()
      .waitFor();
    await press("Shift+Enter", () => isOpen("Invoice without our VAT number"));
    await toast(page, /Joined to HC-\d+/);
  });

  test("one gets Sev 2 by the key 2, stays open, and is accepted", async () => {
    const severity = page.getByRole("button", { name: /Change Severity/ });
    await press("2", () => expect.poll(() => severity.textContent()).toMatch(/Sev 2/));
    await isOpen("Invoice without our VAT number");
    await press("Enter", () => isOpen("Spinner after 3-D Secure"));
    await toast(page, /Accepted as HC-\d+/);
  });

  test("one is joined by L, a few letters and Enter", async () => {
    await page.keyboard.press("l");
    const dialog = page.getByRole("dialog", { name: "Join to an issue" });
    await dialog.getByRole("textbox").waitFor();
    await page.keyboard.type("first report");
    const choice = dialog.getByRole("button").filter({ hasText: "The first report of all" });
    await choice.waitFor();
    for (let i = 0; i < 6 && !(await choice.evaluate((e) => e === document.activeElement)); i++) {
      await page.keyboard.press("Tab");
    }
    await press("Enter", () => isOpen("Cheap followers"));
    await toast(page, /Joined to HC-\d+/);
  });

  test("one is ignored by E, and comes back by Z", async () => {
    await press("e", () => isOpen("Delivery date one day early"));
    await toast(page, /ignored/i);
    await expect.poll(() => listOf(page).filter({ hasText: "Cheap followers" }).count()).toBe(0);
    await press("z", async () => undefined);
    await toast(page, "Undone");
    await listOf(page).filter({ hasText: "Cheap followers" }).waitFor();
  });

  test("what the keys did is what is there, and no pointer was used", async () => {
    const all = await rows(by, launch);
    const of = (title: string) => all.find((f) => f.title === title);
    expect(of("Order number missing on the last page")?.state).toBe("accepted");
    expect(of("Card payment spins again")?.issue?.title).toBe("The first report of all");
    expect(of("Spinner after 3-D Secure")?.issue?.title).toBe("The first report of all");
    expect(of("Invoice without our VAT number")).toMatchObject({ state: "accepted", severity: "sev2" });
    expect(await page.evaluate(() => (globalThis as unknown as { pointers: number }).pointers)).toBe(0);
  });
});
