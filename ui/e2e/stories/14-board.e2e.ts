import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, open, phone, settled, shots, type Theme } from "../browser";
import { asOwner } from "../workspace";

let browser: Browser;
let page: Page;
/** A launch of its own, so that the story runs alone and beside others. */
let launchPath = "";

const titles = [
  ["Card payment spins", "sev2", "intake"],
  ["Basket is empty", "sev3", "intake"],
  ["Address loses its number", "sev3", "analysis"],
  ["Receipt arrives twice", "sev4", "planning"],
  ["Old one", "sev4", "closure"],
] as const;

beforeAll(async () => {
  browser = await launchBrowser();
  const by = await asOwner();
  page = (await open(browser, { as: by })).page;
  const launch = await by.call<{ id: string }>("POST", "/launches", { name: "Board story" });
  launchPath = `/launches/${launch.id}`;
  for (const [title, severity, stage] of titles)
    await by.call("POST", `${launchPath}/issues`, { title, severity, stage });
});
afterAll(async () => {
  await browser?.close();
});
afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
});

const column = (stage: string) => page.locator(`[data-stage=${stage}]`);
const card = (title: string) => page.locator("[data-card]").filter({ hasText: title });
const inColumn = (stage: string, title: string) =>
  expect.poll(() => column(stage).locator("[data-card]").filter({ hasText: title }).count()).toBe(1);
const said = () => page.locator("main > [role=status]").textContent();

describe("the board by keyboard", () => {
  test("it has a column for each stage, reached by g b", async () => {
    await page.goto(`${launchPath}/issues`);
    await page.getByRole("heading", { name: "Issues", exact: true }).waitFor();
    await settled(page);
    await page.keyboard.press("g");
    await page.keyboard.press("b");
    await page.getByRole("heading", { name: "Board" }).waitFor();
    await inColumn("intake", "Card payment spins");
    expect(await page.locator("[data-stage]").count()).toBe(7);
    expect(await axe(page)).toEqual([]);
  });

  test("J, K, H and L walk the cards over empty columns", async () => {
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press("j");
    await expect.poll(focused).toBe("Card payment spins");
    await page.keyboard.press("j");
    await expect.poll(focused).toBe("Basket is empty");
    await page.keyboard.press("l");
    await expect.poll(focused).toBe("Address loses its number");
    await page.keyboard.press("ArrowRight");
    await expect.poll(focused).toBe("Receipt arrives twice");
    await page.keyboard.press("h");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("k");
    await expect.poll(focused).toBe("Card payment spins");
  });

  test("Ctrl and arrows move a card two columns, the live region says where it is, Z takes it back", async () => {
    await page.keyboard.press("Control+ArrowRight");
    await expect.poll(said).toMatch(/^HC-\d+ is in Triage now, which holds 1 issue\./);
    await inColumn("triage", "Card payment spins");
    await page.keyboard.press("Control+ArrowRight");
    await expect.poll(said).toMatch(/^HC-\d+ is in Analysis now, which holds 2 issues\./);
    await inColumn("analysis", "Card payment spins");
    // The focus went along.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Card payment spins");
    await page.getByText(/moved to Analysis/).waitFor();
    await page.keyboard.press("z");
    await inColumn("triage", "Card payment spins");
    await page.getByText("Undone").first().waitFor();
    await page.keyboard.press("z");
    await inColumn("intake", "Card payment spins");
    // The server says the same.
    await page.reload();
    await inColumn("intake", "Card payment spins");
  });

  test("M offers every stage and says what closing does before it is done", async () => {
    await card("Receipt arrives twice").getByRole("link").focus();
    await page.keyboard.press("m");
    const menu = page.getByRole("menu");
    await menu.getByRole("menuitem", { name: /^Closure Closes the issue/ }).waitFor();
    expect(await axe(page)).toEqual([]);
    await menu.getByRole("menuitem", { name: "Resolution" }).click();
    await inColumn("resolution", "Receipt arrives twice");
    await expect.poll(said).toMatch(/Next is Closure: Closes the issue/);
    await page.getByText(/moved to Resolution/).waitFor();
    await page.keyboard.press("z");
    await inColumn("planning", "Receipt arrives twice");
  });

  test("N makes an issue in the column of the cursor", async () => {
    await card("Receipt arrives twice").getByRole("link").focus();
    await page.keyboard.press("n");
    const dialog = page.getByRole("dialog", { name: "New issue" });
    await dialog.getByLabel("Title").fill("Voucher is refused");
    expect(await dialog.getByLabel("Stage").inputValue()).toBe("planning");
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Control+Enter");
    await inColumn("planning", "Voucher is refused");
  });

  test("a limit that is passed is said in words", async () => {
    await column("planning").locator("xpath=..").hover();
    await page.getByRole("button", { name: "Limit of Planning" }).click();
    await page.getByRole("spinbutton", { name: "Limit of Planning" }).fill("1");
    await page.keyboard.press("Enter");
    await page.getByText("1 over the limit").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.reload();
    await page.getByText("1 over the limit").waitFor();
  });

  test("a card is dragged by the mouse, and the column says what the drop will do", async () => {
    const box = async (l: ReturnType<typeof column>) => {
      const b = await l.boundingBox();
      if (!b) throw new Error("not on the page");
      return b;
    };
    const from = await box(card("Basket is empty"));
    const to = await box(column("closure"));
    await page.mouse.move(from.x + 40, from.y + 12);
    await page.mouse.down();
    await page.mouse.move(from.x + 60, from.y + 30, { steps: 4 });
    await page.mouse.move(to.x + 60, to.y + to.height / 2, { steps: 8 });
    await column("closure")
      .getByText(/^Closes the issue/)
      .waitFor();
    await page.mouse.up();
    await inColumn("closure", "Basket is empty");
    // What was closed last is first.
    expect(await column("closure").locator("[data-card]").first().textContent()).toMatch(/Basket is empty/);
    await page.getByText(/moved to Closure/).waitFor();
    await page.keyboard.press("z");
    await inColumn("intake", "Basket is empty");
  });

  test("filters and lanes are in the URL", async () => {
    await page.getByRole("combobox", { name: "Lanes" }).selectOption("severity");
    await expect.poll(() => page.url()).toMatch(/lane=severity/);
    await page.getByRole("region", { name: "Sev 2" }).waitFor();
    await page.getByRole("button", { name: "Severity" }).click();
    await page.getByRole("checkbox", { name: /Sev 2/ }).check();
    await expect.poll(() => page.locator("[data-card]").count()).toBe(1);
    await page.keyboard.press("Escape");
    const shared = page.url();
    await page.goto("/");
    await page.goto(shared);
    await expect.poll(() => page.locator("[data-card]").count()).toBe(1);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await expect.poll(() => page.locator("[data-card]").count()).toBe(6);
    expect(await axe(page)).toEqual([]);
  });

  test("Enter opens the issue, which goes back to the board and up and down in it", async () => {
    await page.goto(`${launchPath}/board`);
    await inColumn("intake", "Card payment spins");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Card payment spins" }).waitFor();
    await page.getByText("1 of 6").waitFor();
    await page.keyboard.press("j");
    await page.getByRole("heading", { name: "Basket is empty" }).waitFor();
    await page.keyboard.press("e");
    await page.getByText(/HC-\d+ changed/).waitFor();
    await page.keyboard.press("z");
    await page.getByText("Undone").first().waitFor();
    await page.getByRole("link", { name: "Back to the board" }).click();
    await page.getByRole("heading", { name: "Board" }).waitFor();
  });
});

describe("many issues at once, and how they hang together", () => {
  test("X and Shift+J mark, S changes all of them, Z takes all of it back", async () => {
    await page.goto(`${launchPath}/issues`);
    const rows = page.locator("[data-issue-row]");
    await rows.first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("Shift+J");
    await page.keyboard.press("Shift+J");
    await page.getByText("3 selected").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("s");
    await page.getByRole("menuitemradio", { name: /Sev 1/ }).click();
    await page.getByText("3 issues changed").waitFor();
    await expect.poll(() => page.getByRole("button", { name: /Sev 1, critical/ }).count()).toBe(3);
    await page.keyboard.press("z");
    await expect.poll(() => page.getByRole("button", { name: /Sev 1, critical/ }).count()).toBe(0);
  });

  test("marked ones are merged into the one that is chosen, with a preview", async () => {
    await page.keyboard.press("x");
    await page.keyboard.press("Shift+J");
    await page.keyboard.press("m");
    const dialog = page.getByRole("dialog", { name: "Merge 2 issues into one" });
    await dialog.getByRole("radio").first().check();
    await dialog.getByText("Tells nobody yet.").waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Merge" }).click();
    await page.getByText(/merged into HC-/).waitFor();
    await expect.poll(() => page.locator("[data-issue-row]").count()).toBe(4);
    await page.keyboard.press("z");
    await expect.poll(() => page.locator("[data-issue-row]").count()).toBe(5);
  });

  test("L links two issues, both say so, and a circle is refused with a sentence", async () => {
    await page.getByRole("link", { name: "Card payment spins" }).click();
    await page.getByRole("list", { name: "Stages" }).waitFor();
    const link = async (kind: string, title: string) => {
      await page.keyboard.press("l");
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("textbox").fill(title);
      await dialog.getByRole("combobox").selectOption(kind);
      await dialog.getByRole("radio", { name: new RegExp(title) }).check();
      await dialog
        .getByText(kind === "blocks" ? /HC-\d+ blocks HC-\d+/ : /HC-\d+ is blocked by HC-\d+/)
        .waitFor();
      expect(await axe(page)).toEqual([]);
      await dialog.getByRole("button", { name: "Link", exact: true }).click();
    };
    await link("blocks", "Address loses its number");
    await page
      .getByText(/HC-\d+ blocks HC-\d+/)
      .first()
      .waitFor();
    await page
      .getByRole("complementary")
      .getByRole("link", { name: /Address loses/ })
      .click();
    await page.getByRole("heading", { name: "Address loses its number" }).waitFor();
    await page.getByRole("complementary").getByText("blocked by").waitFor();
    await link("blocks", "Card payment spins");
    await page.getByText(/would block each other in a circle/).waitFor();
  });
});

describe.each<Theme>(["light", "dark"])("the board in %s", (theme) => {
  test("has no axe violation and fits the screen, wide and narrow", async () => {
    const state = await page.context().storageState();
    for (const size of [undefined, phone]) {
      const context = await browser.newContext({
        baseURL: new URL(page.url()).origin,
        storageState: state,
        colorScheme: theme,
        viewport: size ?? { width: 1440, height: 900 },
        reducedMotion: "reduce",
      });
      const other = await context.newPage();
      await other.goto(`${launchPath}/board`);
      await other.locator("[data-card]").first().waitFor();
      await other.waitForFunction(() => document.fonts.status === "loaded");
      await other.screenshot({ path: `${shots}/board-${theme}-${size?.width ?? 1440}.png` });
      expect(await axe(other)).toEqual([]);
      expect(await other.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(
        false,
      );
      await context.close();
    }
  });
});
