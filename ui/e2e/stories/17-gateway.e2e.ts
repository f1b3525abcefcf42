import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, open, settled, shots, toast } from "../browser";
import { type Backend, backend, gatewayURL, logged, shopDocument } from "../traffic";
import { type Api, asOwner } from "../workspace";

// An API goes behind the gateway, is called, and its calls are found; a key opens a route.

let browser: Browser;
let page: Page;
let by: Api;
let shop: Backend;
let gateway = "";

beforeAll(async () => {
  by = await asOwner();
  shop = await backend("shop");
  gateway = await gatewayURL(by);
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});
afterEach(() => expect(faults.splice(0)).toEqual([]));

const button = (name: string | RegExp) => page.getByRole("button", { name });
const dialog = () => page.getByRole("dialog");
const rows = () => page.getByRole("list", { name: "Calls" }).getByRole("listitem");
const call = (path: string, headers: Record<string, string> = {}) => fetch(gateway + path, { headers });
const published = async () => (await by.get<{ number: number; document: string }>("/gateway")).document;
/** The page as it is, looked at by axe and kept as a picture. */
async function look(name: string) {
  await settled(page);
  await page.screenshot({ path: `${shots}/gateway-${name}-light-1440.png` });
  expect(await axe(page)).toEqual([]);
}

describe("an API behind the gateway", () => {
  test("with nothing published the page says how, and an OpenAPI file is enough", async () => {
    await page.goto("/gateway/apis");
    await page.getByRole("heading", { name: "Put an API behind the gateway" }).waitFor();
    await look("first");
    await page.keyboard.press("i");
    await dialog().waitFor();
    await page.getByLabel("Choose a file").setInputFiles({
      name: "shop.json",
      mimeType: "application/json",
      buffer: Buffer.from(shopDocument),
    });
    await page.getByText("shop.json").waitFor();
    await page.getByLabel("Where requests go").fill(shop.url);
    await page
      .getByRole("textbox", { name: "API", exact: true })
      .or(page.getByLabel("API", { exact: true }))
      .first()
      .fill("shop");
    await button("See what changes").click();
    await dialog().getByText("route shop v1 getOrder").waitFor();
    await settled(page);
    expect(await axe(page, ["target-size"])).toEqual([]);
    await page.screenshot({ path: `${shots}/gateway-openapi-light-1440.png` });
    await dialog().getByRole("button", { name: "Publish" }).click();
    await toast(page, "Number 1 is in force");
    await page.getByRole("link", { name: "getOrder", exact: true }).waitFor();
    await page.getByText("Waiting for a first call").waitFor();
  });

  test("the first call turns the page green", async () => {
    const answer = await call("/orders/7?expand=lines");
    expect(await answer.json()).toEqual({ backend: "shop", path: "/orders/7?expand=lines" });
    await page.getByText(/1 calls? since this server started/).waitFor({ timeout: 15_000 });
    await look("apis");
  });

  test("a document with a fault says where it is, and one without says what it changes", async () => {
    await page.goto("/gateway/apis");
    await page.getByRole("link", { name: "getOrder", exact: true }).waitFor();
    await page.keyboard.press("e");
    const text = page.getByRole("textbox", { name: "Document" });
    await text.waitFor();
    const before = await text.inputValue();
    await text.fill(before.replace(/upstream: (\S+)/, "upstream: nowhere"));
    await page.getByText(/1 fault\./).waitFor();
    await button(/^Line \d+ there is no upstream "nowhere"/).click();
    const line = await text.evaluate((el) => {
      const area = el as HTMLTextAreaElement;
      return area.value.slice(area.selectionStart, area.selectionEnd);
    });
    expect(line).toContain("upstream: nowhere");
    await look("fault");
    await text.fill(before.replace("routes:", "policies: {key: {}}\n    routes:"));
    await page.getByText("Valid. 1 change:").waitFor();
    await page.getByLabel("What changes and why").fill("Only with a key");
    await look("edit");
    await text.press("Control+Enter");
    await toast(page, "Number 2 is in force");
    await page.getByRole("link", { name: "Only with a key" }).waitFor();
    expect(await published()).toContain("policies: {key: {}}");
    expect((await call("/orders/7")).status).toBe(401);
  });

  test("an application gets a key, which opens the route until it is revoked", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.getByRole("heading", { name: "No applications yet" }).waitFor();
    await page.keyboard.press("n");
    await page.getByLabel("Name", { exact: true }).fill("Web shop");
    await dialog().getByRole("checkbox", { name: "shop" }).check();
    await button("Make application").click();
    await page.getByRole("heading", { name: "Web shop" }).waitFor();
    await page.keyboard.press("Shift+K");
    await button("Make key").click();
    const secret = await dialog().getByRole("region", { name: "Secret" }).textContent();
    expect(secret).toMatch(/^hck_/);
    await button("Done").click();
    const key = { "X-API-Key": secret ?? "" };
    expect((await call("/orders/7", key)).status).toBe(200);
    await logged(by, 'app:"Web shop"', 1);
    await look("application");
    await button(/^Revoke hck_/).click();
    await button("Revoke now").click();
    await toast(page, /revoked/);
    expect((await call("/orders/7", key)).status).toBe(401);
  });

  test("a plan is made, given to the application, and stays while it has it", async () => {
    await page.goto("/gateway/applications?tab=plans");
    await page.getByRole("heading", { name: "No plans yet" }).waitFor();
    await page.keyboard.press("Shift+N");
    await dialog().getByLabel("Name", { exact: true }).fill("partner");
    await dialog().getByLabel("Rates").fill("fast");
    await dialog().getByText("Write it as 100/s, 5000/h or 100/s burst 200.", { exact: true }).waitFor();
    await dialog().getByLabel("Rates").fill("100/s, 5000/h burst 200");
    await dialog().getByLabel("Calls per day").fill("1000");
    await dialog().getByLabel("Time zone of the day").fill("Moon/Base");
    await button("Make plan").click();
    await dialog().getByRole("alert").getByText(/Moon/).waitFor();
    await dialog().getByLabel("Time zone of the day").fill("Europe/Berlin");
    await button("Make plan").click();
    await toast(page, "The plan partner holds from now on");
    const row = page.getByRole("list", { name: "Plans" }).getByRole("listitem");
    await row.getByText("100/s · 5000/h burst 200 · 1,000 per day (Europe/Berlin)").waitFor();
    await page
      .getByRole("navigation", { name: "Parts of the page" })
      .getByRole("link", { name: "Applications" })
      .click();
    await page.getByRole("link", { name: "Web shop" }).click();
    await page.getByRole("heading", { name: "Web shop" }).waitFor();
    await page.keyboard.press("e");
    await dialog().getByLabel("Plan", { exact: true }).selectOption("partner");
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByText("0 of 1,000").waitFor();
    await look("usage");
    await page.goto("/gateway/applications?tab=plans");
    await button("Delete partner").click();
    await button("Delete plan").click();
    await dialog()
      .getByRole("alert")
      .getByText(/have the plan partner; give them another first/)
      .waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await look("plans");
  });

  test("what was published before comes back with one key, and its undo goes forward again", async () => {
    await page.goto("/gateway/apis");
    await page.getByRole("link", { name: "Only with a key" }).waitFor();
    await page.keyboard.press("Shift+B");
    await toast(page, "Number 1 is in force again, as number 3");
    expect((await call("/orders/7")).status).toBe(200);
    await page.getByRole("link", { name: "Only with a key" }).click();
    await dialog().getByText("policies: {key: {}}").waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
  });

  test("a version that is deprecated says so in the next answer, until that is taken back", async () => {
    await page.goto("/gateway/apis");
    expect((await call("/orders/7")).headers.get("deprecation")).toBeNull();
    await button("More about shop v1").click();
    await page.getByRole("menuitem", { name: "Change state" }).click();
    await dialog().getByLabel("State", { exact: true }).selectOption("Deprecated");
    await dialog().getByLabel("Deprecated since").fill("2027-01-31");
    await dialog().getByLabel("Ends on").fill("2027-06-30");
    await dialog().getByText("every answer carries Deprecation, Sunset").waitFor();
    await settled(page);
    expect(await axe(page, [], "[role=dialog]")).toEqual([]);
    await page.screenshot({ path: `${shots}/gateway-state-light-1440.png` });
    await button("Set state").click();
    await toast(page, "Number 4 is in force");
    const answer = await call("/orders/7");
    expect(answer.headers.get("deprecation")).toBe(`@${Date.UTC(2027, 0, 31) / 1000}`);
    expect(answer.headers.get("sunset")).toBe("Wed, 30 Jun 2027 00:00:00 GMT");
    await page.keyboard.press("z");
    await toast(page, "Number 3 is in force again, as number 5");
    expect((await call("/orders/7")).headers.get("deprecation")).toBeNull();
  });

  test("a draft is reached only with its preview key, which is shown once", async () => {
    await page.keyboard.press("s");
    await dialog().getByLabel("State", { exact: true }).selectOption("Draft");
    await button("Set state").click();
    await toast(page, "Number 6 is in force");
    expect((await call("/orders/7")).status).toBe(404);
    await button("More about shop v1").click();
    await page.getByRole("menuitem", { name: "Make a preview key" }).click();
    await button("Make preview key").click();
    const secret = (await dialog().getByRole("region", { name: "Secret" }).textContent()) ?? "";
    expect(secret).toMatch(/^hcv_/);
    await dialog().getByText(`X-Preview-Key: ${secret}`).waitFor();
    await button("Done").click();
    expect((await call("/orders/7", { "X-Preview-Key": secret })).status).toBe(200);
    expect((await call("/orders/7")).status).toBe(404);
    await by.post("/gateway/roll-back", { to: 5 });
    expect((await call("/orders/7")).status).toBe(200);
  });
});

describe("calls", () => {
  beforeAll(async () => {
    await Promise.all(Array.from({ length: 24 }, (_, i) => call(`/orders/${i % 6}`)));
    await Promise.all(Array.from({ length: 6 }, () => call("/orders/slow")));
    await Promise.all(Array.from({ length: 4 }, () => call("/orders/broken")));
    await logged(by, "status:503", 4);
    await logged(by, "path:/orders/slow", 6);
  });

  test("a query of tokens finds the call, and the drawer tells of it", async () => {
    await page.goto("/gateway/calls");
    await rows().first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("sta");
    await page.getByRole("option", { name: /^status:/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.getByRole("option", { name: /^503/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.type("5xx");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("q")).toBe("status:5xx");
    await expect.poll(() => rows().count()).toBe(4);
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("complementary", { name: "The open call" });
    await drawer.getByText("Where the time went").waitFor();
    await drawer.getByText("getOrder").first().waitFor();
    await look("call");
  });

  test("F filters by the cell under the cursor, and the query says so", async () => {
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("f");
    await expect.poll(() => new URL(page.url()).searchParams.get("q")).toBe("status:5xx path:/orders/broken");
    await button("Remove filter path:/orders/broken").click();
    await expect.poll(() => new URL(page.url()).searchParams.get("q")).toBe("status:5xx");
  });

  test("a wrong token is marked with a sentence", async () => {
    await page.goto("/gateway/calls?q=colour%3Ared");
    await page
      .getByRole("alert")
      .getByText(/no field "colour"/)
      .waitFor();
    await look("wrong");
  });

  test("a box on the heatmap is the filter: only slow calls stay", async () => {
    await page.goto("/gateway/calls?range=15m");
    const map = page.getByRole("application", { name: /Calls by time and latency/ });
    await map.waitFor();
    await settled(page);
    await look("calls");
    const box = await map.boundingBox();
    if (!box) throw new Error("the heatmap has no box");
    // The slow ones are at the top, whatever the fastest took.
    await page.mouse.move(box.x + box.width * 0.5, box.y + 1);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + box.height * 0.2, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => new URL(page.url()).searchParams.get("q") ?? "").toMatch(/^ms>=\d+(us)? ms<\d+/);
    const { searchParams: is } = new URL(page.url());
    expect(is.get("from")).toMatch(/^\d{4}-/);
    const { count } = await by.get<{ count: number }>(`/calls/count?${is}`);
    expect(count).toBeGreaterThanOrEqual(6);
    expect(count).toBeLessThan(24);
    await expect.poll(() => rows().count()).toBe(count);
    expect(await rows().filter({ hasText: "/orders/slow" }).count()).toBe(6);
    await button("Zoom out").click();
    await expect.poll(() => new URL(page.url()).searchParams.has("from")).toBe(false);
  });

  test("the histogram is brushed by keys alone", async () => {
    await page.goto("/gateway/calls?range=15m");
    const chart = page.getByRole("application", { name: /Calls over time/ });
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    for (let i = 0; i < 9; i++) await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("to") ?? "").toMatch(/^\d{4}-/);
    await button("Zoom out").waitFor();
  });

  test("calls come live, wait while they are held, and are shown on demand", async () => {
    await page.goto("/gateway/calls?q=path%3A%2Forders%2Flive*");
    await page.getByRole("heading", { name: "No call fits these filters" }).waitFor();
    await page.locator('[data-state="live"]').nth(1).waitFor();
    await call("/orders/live-1");
    await rows().filter({ hasText: "/orders/live-1" }).waitFor();
    await page.keyboard.press("Space");
    await button("Paused").waitFor();
    await Promise.all([call("/orders/live-2"), call("/orders/live-3")]);
    await button("2 new").waitFor();
    expect(await rows().count()).toBe(1);
    await look("paused");
    await page.keyboard.press("n");
    await expect.poll(() => rows().count()).toBe(3);
    await page.keyboard.press("Space");
    await button(/^Live$/).waitFor();
  });

  test("the calls of a filter are had as a file", async () => {
    await button("Export").click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "CSV" }).click(),
    ]);
    const text = await new Response((await file.createReadStream()) as unknown as ReadableStream).text();
    expect(text.trim().split("\n").length).toBe(4);
    expect(text).toContain("/orders/live-2");
  });
});
