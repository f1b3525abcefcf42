import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, colours, faults, launchBrowser, listOf, open, settled, shots, toast } from "../browser";
import { type Api, asOwner, launchWith } from "../workspace";

let browser: Browser;
let page: Page;
let by: Api;
let launch: string;
let address: string;

const since = new Date(Date.now() - 20 * 60_000).toISOString();

/** What Alertmanager sends of a group of two. */
const webhook = (status: "firing" | "resolved") => ({
  version: "4",
  status,
  receiver: "hypercare",
  groupKey: '{}:{alertname="CheckoutSlow"}',
  alerts: ["eu", "us"].map((region) => ({
    status,
    labels: { alertname: "CheckoutSlow", severity: "critical", service: "checkout", region },
    annotations: { summary: "Checkout is slow", description: `p95 is over two seconds in ${region}.` },
    startsAt: since,
    endsAt: status === "resolved" ? new Date().toISOString() : "0001-01-01T00:00:00Z",
    fingerprint: `fp-${region}`,
    generatorURL: "https://prometheus.lumen.example/graph",
  })),
});

async function tell(body: unknown): Promise<void> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Alerts from outside", []);
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** The page in both themes. */
async function look(name: string): Promise<void> {
  await settled(page);
  expect(await axe(page)).toEqual([]);
  await page.screenshot({ path: `${shots}/${name}.png` });
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await axe(page, [], undefined, colours)).toEqual([]);
  await page.screenshot({ path: `${shots}/${name}-dark.png` });
  await page.emulateMedia({ colorScheme: "light" });
}

test("a channel for Alertmanager is made, and turns green at the first alert", async () => {
  await page.goto(`${launch}/channels`);
  await settled(page);
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Alertmanager, Prometheus").click();
  await dialog.getByRole("button", { name: "Add channel" }).click();
  const drawer = page.getByRole("complementary");
  await drawer.getByText("Waiting for the first one.").waitFor();
  const snippet = (await drawer.getByText("webhook_configs").textContent()) ?? "";
  address = /url: (\S+)/.exec(snippet)?.[1] ?? "";
  expect(address).toMatch(/\/in\/alertmanager\/[0-9a-f]{32}$/);
  await tell(webhook("firing"));
  await drawer.getByText("1 has arrived.").waitFor({ timeout: 20_000 });
  await look("channel-alertmanager");
});

test("its group stands among alerts from outside, with its alerts and its report", async () => {
  await page.goto("/gateway/alerts?tab=outside");
  const row = page
    .getByRole("list", { name: "Alerts from outside" })
    .getByRole("listitem")
    .filter({ hasText: "Checkout is slow" });
  await row.getByText("2 of 2 open").waitFor();
  await row.getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: "Group Checkout is slow" });
  await drawer.getByText("Checkout is slow").nth(1).click();
  await drawer.getByText("region").first().waitFor();
  await look("alerts-outside");
  await page.setViewportSize({ width: 390, height: 844 });
  await settled(page);
  await page.screenshot({ path: `${shots}/alerts-outside-phone.png` });
  await page.setViewportSize({ width: 1440, height: 900 });
  await drawer.getByRole("link", { name: "Open in the inbox" }).click();
  await listOf(page).filter({ hasText: "Checkout is slow" }).first().waitFor();
});

test("its end is told in the report's conversation, and on the open page", async () => {
  await page.goto("/gateway/alerts?tab=outside&state=open");
  const list = page.getByRole("list", { name: "Alerts from outside" });
  await list.getByText("Checkout is slow").waitFor();
  await page.locator(".live-dot[data-state=live]").first().waitFor();
  await tell(webhook("resolved"));
  await list.getByText("Checkout is slow").waitFor({ state: "detached", timeout: 20_000 });
  await page.getByRole("link", { name: "Resolved", exact: true }).click();
  await list.getByRole("link", { name: "Checkout is slow" }).click();
  const toReport = page.getByRole("link", { name: "Open in the inbox" });
  const item = new URL((await toReport.getAttribute("href")) ?? "", page.url()).searchParams.get("item");
  await toReport.click();
  await listOf(page).filter({ hasText: "Checkout is slow" }).first().waitFor();
  const { items } = await by.get<{ items: { text: string }[] }>(`/feedback/${item}/messages`);
  expect(items.map((m) => m.text)).toEqual([expect.stringMatching(/^All 2 alerts are resolved, after /)]);
});

test("what a sender forgot is ended by hand", async () => {
  const again = webhook("firing");
  for (const a of again.alerts) a.startsAt = new Date().toISOString();
  await tell(again);
  await page.goto("/gateway/alerts?tab=outside&state=open");
  await page.getByRole("link", { name: "Checkout is slow" }).click();
  const drawer = page.getByRole("complementary", { name: "Group Checkout is slow" });
  await drawer.getByRole("button", { name: "Resolve" }).click();
  const dialog = page.getByRole("dialog", { name: "Resolve 2 alerts?" });
  await settled(page);
  expect(await axe(page, [], "[role=dialog]")).toEqual([]);
  await dialog.getByRole("button", { name: "Resolve" }).click();
  await toast(page, "Resolved.");
  await drawer.getByText("0 of 2 open").waitFor();
});

test("a sample says what it means as one types, and what is wrong stands at its field", async () => {
  await page.goto(`${launch}/channels`);
  await settled(page);
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("JSON webhook").click();
  await dialog
    .getByLabel("Sample", { exact: true })
    .fill('{"events":[{"what":"Disk full","level":"critical"},{"what":"Fine"}]}');
  await dialog.getByLabel("each", { exact: true }).fill("body.events");
  await dialog.getByLabel("title", { exact: true }).fill("body.what");
  await dialog.getByText("It means 2 things:").waitFor();
  await dialog.getByText("Disk full").last().waitFor();
  await look("mapping-preview");
  await dialog.getByLabel("title", { exact: true }).fill("body.");
  await dialog.getByText(/title can't be read/).waitFor();
  expect(await dialog.getByLabel("title", { exact: true }).getAttribute("aria-invalid")).toBe("true");
  await page.keyboard.press("Escape");
});

test("what somebody of the team sees is two keystrokes away", async () => {
  await page.goto(`${launch}/channels`);
  await settled(page);
  await page.keyboard.press("o");
  const dialog = page.getByRole("dialog", { name: "Note what you see" });
  await dialog.getByText("Alerts from outside").waitFor();
  await page.keyboard.type("The queue of orders grows");
  await look("note");
  await page.keyboard.press("Control+Enter");
  await toast(page, "Noted.");
  await page.getByRole("button", { name: "Open it" }).click();
  await listOf(page).filter({ hasText: "The queue of orders grows" }).first().waitFor({ timeout: 20_000 });
});
