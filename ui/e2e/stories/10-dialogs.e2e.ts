import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, colours, faults, launchBrowser, open, settled, shots, type Theme } from "../browser";
import { type Api, asOwner, type Demo, demo } from "../workspace";

let browser: Browser;
let by: Api;
let made: Demo;
let person = "";

beforeAll(async () => {
  by = await asOwner();
  made = await demo();
  person = (await by.get<{ items: { id: string }[] }>("/persons?limit=1")).items[0]?.id ?? "";
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** Presses a key where keys belong: on the page. */
const key = (keys: string) => (p: Page) => p.keyboard.press(keys);
const keys =
  (...list: string[]) =>
  async (p: Page) => {
    for (const k of list) await p.keyboard.press(k);
  };
const click = (name: string | RegExp) => (p: Page) => p.getByRole("button", { name }).first().click();

/** Whatever opens over a page: where, and how. */
const overlays: [name: string, path: (d: Demo) => string, show: (p: Page) => Promise<void>][] = [
  ["palette", (d) => `${d.launch}/feedback`, key("Control+k")],
  ["keys", (d) => `${d.launch}/feedback`, key("?")],
  ["filter", (d) => `${d.launch}/feedback`, key("f")],
  ["severity-menu", (d) => `${d.launch}/feedback`, key("s")],
  ["category-menu", (d) => `${d.launch}/feedback`, key("t")],
  ["assign-menu", (d) => `${d.launch}/feedback`, key("a")],
  ["join", (d) => `${d.launch}/feedback`, key("l")],
  ["later", (d) => `${d.launch}/feedback`, key("h")],
  ["views", (d) => `${d.launch}/feedback`, key("v")],
  ["save-view", (d) => `${d.launch}/feedback`, key("Shift+V")],
  ["mentions", (d) => `${d.launch}/feedback`, keys("g", "n")],
  ["item-actions", (d) => `${d.launch}/feedback`, click("Actions")],
  ["user-menu", (d) => `${d.launch}/issues`, click(/Your account/)],
  ["launch-menu", (d) => `${d.launch}/issues`, click(/Switch launch/)],
  ["why-priority", (d) => `${d.launch}/issues`, click(/^Priority .*why/)],
  ["merge", (d) => d.issue, key("m")],
  ["split", (d) => d.issue, click("Split")],
  ["link", (d) => d.issue, key("l")],
  ["new-issue", (d) => `${d.launch}/board`, key("n")],
  ["card-menu", (d) => `${d.launch}/board`, keys("j", "m")],
  ["rule-editor", (d) => `${d.launch}/rules`, click("New rule")],
  [
    "delivery",
    (d) => `${d.launch}/deliveries`,
    (p) => p.getByRole("main").getByRole("listitem").getByRole("button").first().click(),
  ],
  ["channel", (d) => `${d.launch}/channels`, key("n")],
  [
    "widget",
    (d) => `${d.launch}/channels`,
    async (p) => {
      await p.keyboard.press("n");
      await p.getByRole("dialog").getByText("Widget", { exact: true }).last().click();
      await p.getByText("Words, screenshots, technical details, signed users").click();
      await p.getByRole("button", { name: "Make a secret" }).click();
      // The widget itself, on its sample page.
      await p.frameLocator("iframe").getByRole("dialog").waitFor();
    },
  ],
  ["import-people", () => "/people", key("i")],
  ["organisation", () => "/people?tab=organisations", key("n")],
  ["segment", () => "/people?tab=segments", key("n")],
  ["merge-person", () => `/people/${person}`, key("m")],
  ["edit-person", () => `/people/${person}`, click("Change")],
  [
    "erase-person",
    () => `/people/${person}`,
    async (p) => {
      await p.getByRole("button", { name: "More" }).click();
      await p.getByRole("menuitem", { name: "Erase for good" }).click();
    },
  ],
  ["note", (d) => `${d.launch}/issues`, key("o")],
  ["openapi", () => "/gateway/apis", key("i")],
  ["application", () => "/gateway/applications", key("n")],
  ["plan", () => "/gateway/applications", key("Shift+N")],
  ["export-calls", () => "/gateway/calls", click("Export")],
  ["token", () => "/settings/tokens", click("Create token")],
  ["member", () => "/settings/members", click("Add a member")],
];

const themes: Theme[] = ["light", "dark"];

/** Opens every second of them, from the first or the second on. */
async function look(from: 0 | 1): Promise<string[]> {
  const { context, page } = await open(browser, { as: by });
  const found: string[] = [];
  const over = page.locator("[role=dialog], [role=menu]");
  let at = "";
  for (const [name, path, show] of overlays.filter((_, i) => i % 2 === from)) {
    if (path(made) !== at) await page.goto(path(made));
    at = path(made);
    await page.getByRole("heading").first().waitFor({ state: "attached" });
    await settled(page);
    await show(page);
    await over
      .first()
      .waitFor()
      .catch((e: Error) => Promise.reject(new Error(`${name} did not open: ${e.message}`)));
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await settled(page);
      await page.screenshot({ path: `${shots}/open-${name}-${theme}-1440.png` });
      const wrong =
        theme === themes[0]
          ? [
              // What it covers is no target while it is open, nor needs room; what it holds does.
              ...(await axe(page, ["target-size"])),
              ...(await axe(page, [], "[role=dialog], [role=menu]", ["target-size"])),
            ]
          : await axe(page, [], undefined, colours);
      found.push(...wrong.map((v) => `${name} in ${theme}: ${v}`));
    }
    // Whatever opens goes by Escape, and the page is as it was.
    await page.keyboard.press("Escape");
    await over.first().waitFor({ state: "detached" });
  }
  await context.close();
  return found;
}

describe("with a dialog, menu or panel open", () => {
  test("there is no axe violation in either theme", async () => {
    const found = await Promise.all([look(0), look(1)]);
    expect(found.flat()).toEqual([]);
  });
});
