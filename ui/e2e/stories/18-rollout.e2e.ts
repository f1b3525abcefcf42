import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { axe, faults, launchBrowser, open, settled, shots, toast } from "../browser";
import { logged } from "../traffic";
import { type Api, asOwner } from "../workspace";

let browser: Browser;
let page: Page;
let by: Api;
let gateway = "";
const servers: Server[] = [];
let broken = false;

/** A version of the shop that says its name, and can be broken. */
async function version(name: string, breaks: boolean): Promise<string> {
  const server = createServer((_, answer) => {
    answer.statusCode = breaks && broken ? 500 : 200;
    answer.end(name);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  by = await asOwner();
  const [old, next] = [await version("shop-1", false), await version("shop-2", true)];
  await by.post("/gateway/publications", {
    document: `gateway: 1
upstreams:
  - {name: shop-1, targets: [{url: "${old}"}]}
  - {name: shop-2, targets: [{url: "${next}"}]}
apis:
  - name: shop
    version: v1
    base: /shop-story
    upstream: shop-1
    routes:
      - {name: list, path: /list}
`,
  });
  gateway = (await by.get<{ url: string }>("/gateway/state")).url;
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
  await page.goto("/gateway/rollouts");
  await settled(page);
});
afterAll(async () => {
  await browser?.close();
  for (const s of servers) s.close();
});
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** Calls the shop so many times and answers who answered how often. */
async function calls(count: number): Promise<Record<string, number>> {
  const who: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const name = await (await fetch(`${gateway}/shop-story/list`)).text();
    who[name] = (who[name] ?? 0) + 1;
  }
  return who;
}

const drawer = () => page.getByRole("complementary", { name: "Rollout of shop v1 to shop-2" });
const state = async () => (await by.get<{ items: { state: string }[] }>("/gateway/rollouts")).items[0]?.state;

describe("a new version", () => {
  test("is started by keyboard, and gets its share at once", async () => {
    await page.getByRole("heading", { name: "No new version is on its way" }).waitFor();
    await page.keyboard.press("n");
    const dialog = page.getByRole("dialog", { name: "Start a rollout" });
    await dialog.waitFor();
    await settled(page);
    expect(await axe(page)).toEqual([]);
    const steps = dialog.getByRole("textbox", { name: "Steps" });
    await steps.fill("soon");
    await dialog.getByText("Write it as 5:10m, 50:30m, 100:1h.", { exact: true }).waitFor();
    await steps.fill("50:1h, 100:1h");
    await dialog.getByRole("combobox", { name: "What stays together" }).selectOption("none");
    await dialog.getByRole("button", { name: "Start" }).click();
    await toast(page, "shop-2 gets its share from now on");
    await drawer().waitFor();
    const who = await calls(120);
    expect(who["shop-1"]).toBeGreaterThan(20);
    expect(who["shop-2"]).toBeGreaterThan(20);
  });

  test("stands beside the old one with its figures and a verdict", async () => {
    await drawer()
      .getByRole("row", { name: /^Canary/ })
      .waitFor();
    await drawer()
      .getByText(/no difference found: canary fails 0 % of/)
      .first()
      .waitFor();
    await settled(page);
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/rollout.png` });
  });

  test("is rolled back by a person: asked once, at once, with the reason", async () => {
    await page.keyboard.press("b");
    const dialog = page.getByRole("dialog", { name: "Send everything back to shop-1?" });
    await dialog.waitFor();
    await dialog.getByRole("textbox", { name: "Reason" }).fill("Prices are wrong");
    await page.keyboard.press("Enter");
    await toast(page, "All traffic goes to shop-1 again");
    await drawer().getByText("Taken back").first().waitFor();
    await drawer().getByText("Prices are wrong").first().waitFor();
    expect(await drawer().getByRole("button", { name: "Roll back" }).count()).toBe(0);
    expect(await calls(30)).toEqual({ "shop-1": 30 });
  });

  test("that fails is rolled back by itself, and who looks sees it", async () => {
    broken = true;
    await by.post("/gateway/rollouts", {
      api: "shop",
      version: "v1",
      canary: "shop-2",
      sticky: { by: "none" },
      steps: [{ weight: 50, hold: "1h" }],
    });
    await page.getByRole("listitem").filter({ hasText: "Running" }).waitFor();
    expect(await page.locator("[data-list-row]").count()).toBe(2);
    await calls(160);
    await vi.waitFor(async () => expect(await state()).toBe("rolled_back"), { timeout: 10_000 });
    await page.getByRole("listitem").filter({ hasText: "Rolled back" }).waitFor();
    await page.keyboard.press("Escape");
    await page
      .getByText(/^canary fails 100 % of \d+ calls, stable 0 % of \d+; p < 0.001$/)
      .first()
      .waitFor();
    expect(await calls(30)).toEqual({ "shop-1": 30 });
  });
});

describe("a mirror", () => {
  test("answers copies, which are compared until the comparison begins anew", async () => {
    broken = false;
    const { document } = await by.get<{ document: string }>("/gateway");
    await by.post("/gateway/publications", {
      document: document.replace("path: /list}", "path: /list, policies: {mirror: {upstream: shop-2}}}"),
    });
    expect(await calls(20)).toEqual({ "shop-1": 20 });
    await page.goto("/gateway/rollouts");
    const mirror = page.getByRole("button", { name: "shop v1 list" });
    await mirror.waitFor();
    await page.getByText("0% the same").waitFor();
    await mirror.focus();
    await page.keyboard.press("Enter");
    await page.getByText("GET /shop-story/list").first().waitFor();
    await page.getByText("Other body").first().waitFor();
    await settled(page);
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/mirrors.png` });
    const { items } = await by.get<{ items: { examples: { request_id: string }[] }[] }>("/gateway/shadows");
    await logged(by, `id:${items[0]?.examples[0]?.request_id}`, 1);
    await page.getByRole("link", { name: "GET /shop-story/list" }).first().click();
    await page
      .getByRole("complementary", { name: "The open call" })
      .getByText("/shop-story/list")
      .first()
      .waitFor();
    await page.goto("/gateway/rollouts");
    await mirror.click();
    await page.keyboard.press("Shift+R");
    const dialog = page.getByRole("dialog", { name: "Compare shop v1 list anew?" });
    await dialog.getByRole("button", { name: "Begin anew" }).click();
    await toast(page, "shop v1 list is compared anew");
    await mirror.waitFor({ state: "detached" });
  });
});
