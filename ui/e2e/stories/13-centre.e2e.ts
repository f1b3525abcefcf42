import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { axe, faults, launchBrowser, open, phone, settled, tablet } from "../browser";
import { type Api, asOwner } from "../workspace";

let by: Api;

interface Counted {
  counts: { feedback: number; waiting: number };
}

const hour = 3_600_000;
const texts = [
  "The list of orders is slow since this morning",
  "Please add a button to repeat an order",
  "Thank you, the new checkout is great",
  "How do I change my delivery address?",
  "The invoice shows the wrong VAT number, this is awful",
  "I hate that the basket forgets everything",
];
const waiting = texts.length;

let browser: Browser;
let page: Page;
let launch = "";

async function send(items: object[]): Promise<void> {
  const before = (await by.call<Counted>("GET", launch)).counts.feedback;
  await by.call("POST", `${launch}/feedback`, { items });
  await vi.waitFor(
    async () => {
      const { counts } = await by.call<Counted>("GET", launch);
      expect(counts.feedback).toBe(before + items.length);
      expect(counts.waiting).toBe(0);
    },
    { timeout: 60_000, interval: 100 },
  );
}

beforeAll(async () => {
  by = await asOwner();
  const now = Date.now();
  const { id } = await by.call<{ id: string }>("POST", "/launches", {
    name: "Command centre story",
    time_zone: "Europe/Lisbon",
    starts_at: new Date(now - 3 * 24 * hour).toISOString(),
    ends_at: new Date(now + 18 * 24 * hour).toISOString(),
  });
  launch = `/launches/${id}`;
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const at = () => new URL(page.url());
const panel = (name: string) =>
  page.locator("section").filter({ has: page.getByRole("heading", { name, exact: true }) });
const kpi = (id: string) => page.locator(`[data-kpi="${id}"]`);
const feed = () => page.getByRole("region", { name: "Live feed" }).last();

describe("the command centre", () => {
  test("of an empty launch says what will be here and what to do", async () => {
    await page.goto(launch);
    await page.getByRole("heading", { name: "Nothing has come in yet" }).waitFor();
    expect(await page.title()).toBe("Command centre · Hypercare");
    expect(await axe(page)).toEqual([]);
    await page.getByRole("main").getByRole("link", { name: "Send feedback" }).click();
    await page.getByRole("heading", { name: "Send feedback", exact: true }).waitFor();
  });

  test("is where home leads, and a key away from everywhere", async () => {
    const now = Date.now();
    await send(
      texts.map((text, i) => ({ text, occurred_at: new Date(now - (i * 7 + 0.1) * hour).toISOString() })),
    );
    await page.goto("/");
    await page.getByRole("heading", { name: "Steady" }).waitFor();
    expect(at().pathname).toBe(launch);
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForURL(/\/feedback/);
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.getByRole("heading", { name: "Steady" }).waitFor();
    await page.getByText(`Nothing burns. ${waiting} wait for triage`, { exact: false }).first().waitFor();
    await page.getByText("Day 4 of 21.", { exact: false }).first().waitFor();
  });

  test("says what burns, and leads there", async () => {
    const { key } = await by.call<{ key: string }>("POST", `${launch}/issues`, {
      title: "Nobody can pay",
      severity: "sev1",
    });
    await page.getByRole("heading", { name: "Critical" }).waitFor({ timeout: 3000 });
    await page.getByRole("link", { name: `Open ${key}` }).click();
    await page.waitForURL(new RegExp(`/issues/${key}$`));
    await by.call("PATCH", `/issues/${key}`, { stage: "closure" });
    await page.goBack();
    await page.getByRole("heading", { name: "Steady" }).waitFor({ timeout: 3000 });
  });

  test("every figure leads to the rows it counts", async () => {
    await settled(page);
    expect(await kpi("waiting").locator("dd").first().textContent()).toContain(String(waiting));
    await kpi("waiting").getByRole("link").click();
    await page.waitForURL(/\/feedback/);
    const rows = page.getByRole("list", { name: "Feedback" }).getByRole("listitem");
    await expect.poll(() => rows.count()).toBe(waiting);

    for (const id of ["arrivals", "negative"] as const) {
      await page.goto(launch);
      const pulse = await by.call<{ kpis: { id: string; value: number; more: Record<string, number> }[] }>(
        "GET",
        `${launch}/pulse`,
      );
      const k = pulse.kpis.find((x) => x.id === id);
      const count = id === "negative" ? (k?.value ?? 0) * (k?.more.count ?? 0) : k?.value;
      await kpi(id).getByRole("link").click();
      await page.waitForURL(/tab=all/);
      await expect.poll(() => rows.count()).toBe(Math.round(count ?? -1));
    }

    await page.goto(launch);
    const bar = panel("What it is about").getByRole("listitem").first();
    const counted = Number((await bar.textContent())?.match(/\d+$/)?.[0]);
    await bar.getByRole("link").click();
    await page.waitForURL(/category=/);
    await expect.poll(() => rows.count()).toBe(counted);
  });

  test("an hour is replayed by keyboard, and Escape comes back to now", async () => {
    await page.goto(launch);
    await page.getByRole("heading", { name: "Steady" }).waitFor();
    await page.keyboard.press("h");
    const hours = page.getByRole("slider", { name: "The launch hour by hour" });
    const last = Number(await hours.getAttribute("aria-valuemax"));
    expect(last).toBeGreaterThan(70);
    await page.keyboard.press("PageUp");
    await page.keyboard.press("ArrowLeft");
    expect(Number(await hours.getAttribute("aria-valuenow"))).toBe(last - 25);
    expect(await hours.getAttribute("aria-valuetext")).toMatch(/\d+ reports?, .* triaged/);
    await page.keyboard.press("Enter");
    await page.getByText("Everything on this page is as it was then.").waitFor();
    const asOf = at().searchParams.get("at") ?? "";
    expect(Date.now() - Date.parse(asOf)).toBeGreaterThan(23 * hour);
    // Nothing had been received by then, so nothing waited, and no list can show it.
    await expect.poll(() => kpi("waiting").locator("dd").first().textContent()).toBe("0");
    expect(await kpi("waiting").getByRole("link").count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    // The hours after it are still there to go to.
    await page.getByRole("slider").focus();
    expect(Number(await hours.getAttribute("aria-valuemax"))).toBe(last);
    await page.reload();
    await page.getByRole("button", { name: "Back to now" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL((u) => !u.searchParams.has("at"));
  });

  test("the range is in the URL and changes the chart", async () => {
    await page.keyboard.press("r");
    await page.waitForURL(/range=launch/);
    await page.getByRole("button", { name: "6 h" }).click();
    await page.waitForURL(/range=6h/);
    const chart = panel("Arrivals and triage");
    await chart.getByText("reports each quarter of an hour").waitFor();
    await expect.poll(() => chart.getByRole("table").first().getByRole("row").count()).toBe(1 + 24);
  });

  test("what arrives is in the feed within two seconds, and who scrolled is not moved", async () => {
    await page.goto(launch);
    await settled(page);
    const list = feed();
    /** How many reports the lines tell of: a busy minute is one line. */
    const told = async () =>
      (await list.getByRole("listitem").allTextContents()).reduce((n, line) => {
        const many = /(\d+) reports arrived/.exec(line.replace(/^\d\d:\d\d/, ""))?.[1];
        return n + (many ? Number(many) : /reports: |A report: /.test(line) ? 1 : 0);
      }, 0);
    await expect.poll(told).toBe(waiting);
    await by.call("POST", `${launch}/feedback`, {
      text: "The gift card is gone",
      author: { name: "Priya Nair" },
    });
    const sent = Date.now();
    await expect.poll(told, { timeout: 5000, interval: 20 }).toBe(waiting + 1);
    console.log(`an arrival was in the feed after ${Date.now() - sent} ms`);
    await expect.poll(() => kpi("waiting").locator("dd").first().textContent()).toBe(String(waiting + 1));

    await page.setViewportSize({ width: 1440, height: 560 });
    await list.evaluate((e) => {
      // As far down as a long feed would go.
      (e.firstElementChild as HTMLElement).style.paddingBottom = "600px";
      e.scrollTo({ top: 80 });
    });
    await by.call("POST", `${launch}/feedback`, { text: "And another one" });
    await page.getByRole("button", { name: "1 new" }).click({ timeout: 5000 });
    await expect.poll(told).toBe(waiting + 2);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  test("the war room has no navigation and is left by key", async () => {
    await page.keyboard.press("t");
    await page.keyboard.press("v");
    await page.waitForURL(/tv=1/);
    await expect.poll(() => page.getByRole("navigation").count()).toBe(0);
    expect(
      await page.getByRole("heading", { name: "Steady" }).evaluate((e) => getComputedStyle(e).fontSize),
    ).toBe("64px");
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.waitForURL((u) => !u.searchParams.has("tv"));
    await page.getByRole("navigation").first().waitFor();
  });

  test.each([
    ["light", tablet],
    ["dark", phone],
    ["dark", { width: 1440, height: 900 }],
  ] as const)("axe finds nothing, %s at %j, and nothing is wider than the screen", async (theme, size) => {
    const other = await open(browser, { as: by, theme, size });
    for (const query of ["", "?range=launch", "?tv=1"]) {
      await other.page.goto(launch + query);
      await other.page.getByRole("heading", { name: "Steady" }).waitFor();
      await settled(other.page);
      expect(await axe(other.page)).toEqual([]);
      expect(await other.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    }
    await other.context.close();
  });
});
