import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, base, faults, launchBrowser, open, owner, type Session, settled } from "../browser";
import { frame } from "../frame";
import { type Api, newSession } from "../workspace";

// The frame around every page: menus, palette, keys, settings, decisions.

let browser: Browser;
let session: Session;
let page: Page;
let by: Api;
let launch = "";
let issue = "";

beforeAll(async () => {
  browser = await launchBrowser();
  ({ by, launch, issue } = await frame());
  session = await open(browser, { as: by });
  page = session.page;
  await session.context.grantPermissions(["clipboard-read", "clipboard-write"]);
}, 120_000);
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const button = (name: string | RegExp) => page.getByRole("button", { name });
const menu = () => page.getByRole("menu");
const rows = () => page.getByRole("list", { name: "Feedback" }).getByRole("listitem");
const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");

describe("menus whose code comes later", () => {
  test("a press is not lost while the code is on its way, and focus comes back", async () => {
    const slow = await open(browser, { as: by });
    await slow.page.route(/menu-body/, async (route) => {
      await new Promise((go) => setTimeout(go, 1500));
      await route.continue();
    });
    await slow.page.goto(`${launch}/issues`);
    const trigger = slow.page.getByRole("button", { name: /Switch launch/ });
    await trigger.waitFor();
    expect(await trigger.getAttribute("aria-haspopup")).toBe("menu");
    expect(await trigger.getAttribute("aria-expanded")).toBe("false");
    await trigger.focus();
    await slow.page.keyboard.press("Enter");
    await slow.page.getByRole("menuitemradio").first().waitFor();
    expect(await trigger.getAttribute("aria-expanded")).toBe("true");
    await expect
      .poll(() => slow.page.evaluate(() => document.activeElement?.getAttribute("role")))
      .toMatch(/^menuitem/);
    await slow.page.keyboard.press("Escape");
    await expect.poll(() => trigger.evaluate((el) => el === document.activeElement)).toBe(true);
    await slow.page.keyboard.press("ArrowUp");
    await expect
      .poll(() => slow.page.evaluate(() => document.activeElement?.textContent))
      .toBe("Create a launch");
    await slow.page.mouse.click(900, 500);
    await slow.page.getByRole("menu").waitFor({ state: "detached" });
    await slow.context.close();
  });

  test("code that cannot be fetched says so, and is asked for again", async () => {
    const cut = await open(browser, { as: by });
    let times = 0;
    await cut.page.route(/menu-body/, (route) => (times++ < 2 ? route.abort() : route.continue()));
    await cut.page.goto(`${launch}/issues`);
    const trigger = cut.page.getByRole("button", { name: /Switch launch/ });
    await trigger.click();
    await cut.page.getByText("A part of the page could not be fetched", { exact: false }).waitFor();
    expect(await trigger.getAttribute("aria-expanded")).toBe("false");
    await expect
      .poll(async () => {
        if (!(await cut.page.getByRole("menu").count())) await trigger.click();
        return cut.page.getByRole("menu").count();
      })
      .toBe(1);
    // The browser says it as well; that is what this story is about.
    faults.splice(0);
    await cut.context.close();
  });
});

test("without a line a page that was never open says so, the rest stays, and Retry brings it", async () => {
  const cut = await open(browser, { as: by });
  const p = cut.page;
  await p.goto(`${launch}/issues`);
  await p.getByRole("heading", { name: "Issues", exact: true }).waitFor();
  await settled(p);
  await cut.context.setOffline(true);
  await p.getByText("You are offline", { exact: false }).waitFor();
  await p.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Rules" }).click();
  await p.getByRole("alert").getByText("The server cannot be reached", { exact: false }).waitFor();
  await p.getByText("Code offline").waitFor();
  await p
    .getByRole("link", { name: /^Issues/ })
    .first()
    .click();
  await p.getByRole("heading", { name: "Issues", exact: true }).waitFor();
  await p.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Rules" }).click();
  await p.getByRole("alert").first().waitFor();
  await cut.context.setOffline(false);
  await p.getByRole("button", { name: "Retry" }).click();
  await p.getByRole("heading", { name: "Rules", exact: true }).waitFor();
  // What failed stands in the console, as it should.
  faults.splice(0);
  await cut.context.close();
});

describe("every action has more ways than its key", () => {
  test("a row has a menu by the right button and by Shift+F10", async () => {
    await page.goto(`${launch}/feedback`);
    await rows().nth(1).waitFor();
    await rows().nth(1).click({ button: "right" });
    await menu().waitFor();
    expect(await axe(page)).toEqual([]);
    for (const name of [
      /^Accept as a new issue/,
      /^Change severity/,
      /^Select(?! all)/,
      /^Copy link to this item/,
    ])
      await page.getByRole("menuitem", { name }).waitFor();
    expect(page.url()).toContain("item=");
    await page.keyboard.press("Escape");
    await menu().waitFor({ state: "detached" });
    await page.keyboard.press("Shift+F10");
    await menu().waitFor();
    await page.getByRole("menuitem", { name: /^Copy link to this item/ }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/\/feedback\/[0-9a-z]+$/);
    await page.goto(await page.evaluate(() => navigator.clipboard.readText()));
    await expect.poll(() => page.url()).toContain(`${launch}/feedback?`);
  });

  test("the menu of the item opens another one, and buttons name their keys", async () => {
    await button("Actions").click();
    await page.getByRole("menuitem", { name: /^Change severity/ }).click();
    await page.getByRole("menuitemradio", { name: /Sev 2/ }).waitFor();
    await page.keyboard.press("Escape");
    expect(await button("Accept").first().getAttribute("title")).toBe("Accept as a new issue  ↵");
    await page.goto(`${launch}/issues/${issue}`);
    await button("Actions").click();
    await page.getByRole("menuitem", { name: /^Merge into another issue/ }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("/ goes to the search of a page, C L copies the link of the item", async () => {
    await page.keyboard.press("c");
    await page.keyboard.press("l");
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe(`${base}/issues/${issue}`);
    await page.goto(`${launch}/issues`);
    await page.getByRole("searchbox").waitFor();
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("search");
  });
});

describe("the palette", () => {
  test("begins with what was opened last, knows keys of issues and people", async () => {
    await page.goto(`${launch}/issues/${issue}`);
    await button("Actions").waitFor();
    await page.goto(`${launch}/rules`);
    await page.getByRole("heading", { name: "Rules", exact: true }).waitFor();
    await page.keyboard.press("Control+k");
    const recent = page.getByRole("group", { name: "Recent" }).getByRole("option");
    await expect.poll(() => recent.first().textContent()).toContain(issue);
    await page.getByRole("combobox").fill(issue.toLowerCase().replace("-", " "));
    await expect
      .poll(() => page.getByRole("group", { name: "Issues" }).getByRole("option").first().textContent())
      .toContain(issue);
    await page.getByRole("combobox").fill("reporter 1");
    await page.getByRole("group", { name: "People" }).getByRole("option").first().click();
    await expect.poll(() => page.url()).toMatch(/person=/);
    await expect.poll(() => rows().count()).toBe(5);
    await button(/One person/).waitFor();
  });
});

describe("settings", () => {
  test("keys are changed with a check for conflicts, and single keys switched off", async () => {
    await page.goto("/settings/shortcuts");
    await button("Change Undo the last action").click();
    await page.keyboard.press("?");
    await page.getByText("? is “All keys” already.").waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("y");
    await button("Reset Undo the last action").waitFor();
    await button("Change All keys").click();
    await page.keyboard.press("Backspace");
    await page.getByRole("heading", { name: "Shortcuts", exact: true }).click();
    await page.keyboard.press("?");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.getByRole("button", { name: "Reset all keys", exact: true }).click();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("checkbox", { name: "Single-key shortcuts" }).uncheck();
    await page.goto(`${launch}/feedback`);
    await rows().nth(1).waitFor();
    const before = page.url();
    await page.keyboard.press("j");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    expect(page.url()).toBe(before);
    await page.keyboard.press("Escape");
    await page.goto("/settings/shortcuts");
    await page.getByRole("checkbox", { name: "Single-key shortcuts" }).check();
  });

  test("an own password needs the present one; sessions elsewhere end", async () => {
    const who = {
      name: "Vic Lund",
      email: "vic.lund@frame.example",
      role: "responder",
      password: "seven-grey-herons",
    };
    await by.call("POST", "/users", who);
    const here = await open(browser, { as: await newSession(who.email, who.password) });
    const there = await open(browser, { as: await newSession(who.email, who.password) });
    const p = here.page;
    await p.goto("/settings/profile");
    await expect
      .poll(() => p.getByRole("navigation", { name: "Settings" }).getByRole("link").allTextContents())
      .toEqual(["Profile", "Appearance", "Shortcuts", "Workspace", "People and roles", "Privacy"]);
    await p.getByLabel("Present password").fill("not my password");
    await p.getByLabel("New password").fill("eight-grey-herons-fly");
    await p.getByText("Good.").waitFor();
    await p.getByRole("button", { name: "Change password" }).click();
    await p.getByText("The present password is wrong; nothing was changed.").waitFor();
    expect(await axe(p)).toEqual([]);
    await p.getByLabel("Present password").fill(who.password);
    await p.getByRole("button", { name: "Change password" }).click();
    await p.getByText("Password changed").first().waitFor();
    await p.reload();
    await p.getByRole("heading", { name: "Profile", exact: true }).waitFor();
    await there.page.goto("/settings/profile");
    await there.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await here.context.close();
    await there.context.close();
  });

  test("a person is disabled, let in again by undo, and gets a role", async () => {
    await page.goto("/settings/members");
    const row = page.getByRole("listitem").filter({ hasText: "Vic Lund" });
    await row.getByRole("button", { name: "More about Vic Lund" }).click();
    await page.getByRole("menuitem", { name: "Disable" }).click();
    await row.getByText("Disabled").waitFor();
    await page.keyboard.press("z");
    await row.getByText("Disabled").waitFor({ state: "detached" });
    await row.getByLabel("Role of Vic Lund").selectOption("viewer");
    await page.getByText("Vic Lund is Viewer now").first().waitFor();
    await page.getByRole("table").getByRole("columnheader", { name: "Lead" }).waitFor();
    expect(await axe(page)).toEqual([]);
  });

  test("a new name of the workspace is seen in another browser at once", async () => {
    const other = await open(browser, { as: by });
    await other.page.goto(`${launch}/issues`);
    await other.page.getByRole("status").filter({ hasText: "Live" }).first().waitFor({ timeout: 10_000 });
    await page.goto("/settings/workspace");
    await page.getByLabel("Name", { exact: true }).fill("Lumen Market & Sons");
    await button("Save").click();
    await other.page.getByText("Lumen Market & Sons").first().waitFor({ timeout: 10_000 });
    await other.context.close();
    await by.call("PATCH", "/workspace", { name: owner.workspace });
  });
});

describe("decisions", () => {
  test("each wrong number leads to exactly its rows", async () => {
    await page.goto(`${launch}/decisions`);
    const table = page.getByRole("region", { name: "Category, value by value" });
    await table.waitFor();
    const links = await table.getByRole("link").all();
    const wanted: [string, number][] = [];
    for (const link of links)
      wanted.push([(await link.getAttribute("href")) ?? "", Number(await link.textContent())]);
    expect(wanted.length).toBeGreaterThan(1);
    for (const [path, n] of wanted) {
      await page.goto(path);
      const list = page.getByRole("region", { name: /^Decisions on/ }).locator("ol > li");
      await list.first().waitFor();
      expect(await list.count(), path).toBe(n);
    }
    expect(await axe(page)).toEqual([]);
    await page
      .getByRole("region", { name: /^Decisions on/ })
      .getByRole("link")
      .first()
      .click();
    await expect.poll(() => page.url()).toMatch(/feedback\?.*item=/);
  });
});

test("a time says its other zones to keys and fingers", async () => {
  await page.goto(`${launch}/issues/${issue}`);
  const time = page
    .getByRole("main")
    .getByRole("button")
    .filter({ has: page.locator("time") })
    .first();
  await time.click();
  await page.getByText("UTC").first().waitFor();
  expect(await focused()).not.toBe("");
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Escape");
});

test("the policy is sent with the page, and the page has no script of its own in it", async () => {
  const answer = await page.goto(`${launch}/issues`);
  expect(answer?.headers()["content-security-policy"]).toContain("script-src 'self';");
  expect(await page.locator("script:not([src])").count()).toBe(0);
});
