import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, base, faults, launchBrowser, open, phone, settled, shots, toast } from "../browser";
import { type Api, asOwner, launchWith } from "../workspace";

let browser: Browser;
let page: Page;
let by: Api;
let launch: string;
let address: string;
let sent = 0;

const id = () => (++sent).toString(16).padStart(32, "0");

/** Sends an envelope as an SDK does: a page of the shop, without a cookie. */
async function tell(items: [type: string, payload: object][], event = id()): Promise<string> {
  const lines = [JSON.stringify({ event_id: event })];
  for (const [type, payload] of items) lines.push(JSON.stringify({ type }), JSON.stringify(payload));
  const answer = await fetch(address, { method: "POST", body: lines.join("\n") });
  expect(answer.status, await answer.text()).toBe(200);
  return event;
}

const failure = (kind: string, fn: string, user: string, release = "shop@3.0.4") => ({
  timestamp: Date.now() / 1000,
  platform: "javascript",
  level: "error",
  release,
  environment: "production",
  user: { id: user, email: `${user}@shop.example` },
  contexts: {
    trace: { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", span_id: "00f067aa0ba902b7" },
    browser: { name: "Firefox", version: "152" },
  },
  request: { url: "https://shop.example/checkout?token=secret" },
  breadcrumbs: [
    { timestamp: Date.now() / 1000 - 3, category: "ui.click", message: "button.pay" },
    {
      timestamp: Date.now() / 1000 - 1,
      category: "fetch",
      level: "error",
      data: { method: "POST", url: "/checkout/pay", status_code: 504 },
    },
  ],
  exception: {
    values: [
      {
        type: kind,
        value: "Cannot read properties of undefined (reading 'total')",
        mechanism: { type: "onerror", handled: false },
        stacktrace: {
          frames: [
            {
              function: "dispatch",
              filename: "react-dom.js",
              abs_path: "https://shop.example/node_modules/react-dom.js",
              lineno: 12,
              colno: 4,
              in_app: false,
            },
            {
              function: fn,
              filename: "src/checkout/pay.ts",
              abs_path: "https://shop.example/src/checkout/pay.ts",
              lineno: 42,
              colno: 9,
              in_app: true,
              pre_context: [
                "export async function payOrder(order: Order) {",
                "  const cart = await load(order)",
              ],
              context_line: "  return charge(cart.total)",
              post_context: ["}"],
            },
          ],
        },
      },
    ],
  },
});

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Errors", []);
  const channel = await by.post<{ number: number; key: string }>(`${launch}/channels`, {
    kind: "sentry",
  });
  address = `${base}/api/${channel.number}/envelope/?sentry_key=${channel.key}`;
  for (const user of ["ann", "bob", "ann"]) await tell([["event", failure("TypeError", "payOrder", user)]]);
  const last = await tell([["event", failure("RangeError", "addToCart", "cay", "shop@3.0.5")]]);
  await tell([
    [
      "feedback",
      {
        user: { id: "cay" },
        contexts: {
          feedback: {
            message: "My cart is empty again",
            contact_email: "cay@shop.example",
            associated_event_id: last,
          },
        },
      },
    ],
  ]);
  const started = new Date().toISOString();
  await tell([
    [
      "sessions",
      {
        aggregates: [{ started, exited: 97, crashed: 3 }],
        attrs: { release: "shop@3.0.5", environment: "production" },
      },
    ],
  ]);
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const row = (text: string) =>
  page.getByRole("list", { name: "Errors" }).getByRole("listitem").filter({ hasText: text });
const drawer = () => page.getByRole("complementary", { name: /^Error / });

test("what an SDK sends is one line a fault, and opens with its stack, what was before, and whom it met", async () => {
  await page.goto(`${launch}/errors`);
  await row("TypeError").waitFor({ timeout: 20_000 });
  await row("RangeError").waitFor({ timeout: 20_000 });
  await settled(page);
  expect(await axe(page)).toEqual([]);
  await row("TypeError").getByRole("link").click();
  await drawer().getByText("return charge(cart.total)").waitFor();
  await drawer().getByRole("link", { name: "ann@shop.example" }).waitFor();
  const text = await drawer().textContent();
  for (const part of [
    "payOrder",
    "1 call in libraries",
    "POST /checkout/pay 504",
    "Firefox 152",
    "not handled",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("secret");
  await settled(page);
  expect(await axe(page)).toEqual([]);
  await page.screenshot({ path: `${shots}/error.png` });
});

test("what people said stands beside it", async () => {
  await row("RangeError").getByRole("link").click();
  await drawer().getByRole("link", { name: "My cart is empty again" }).waitFor({ timeout: 20_000 });
});

test("it is resolved and taken back by keyboard, and comes back by itself when it happens again", async () => {
  await row("RangeError").getByRole("link").focus();
  await page.keyboard.press("e");
  await toast(page, /^Resolved:/);
  await row("RangeError").waitFor({ state: "detached" });
  await page.keyboard.press("z");
  await row("RangeError").waitFor();
  await row("RangeError").getByRole("link").focus();
  await page.keyboard.press("e");
  await row("RangeError").waitFor({ state: "detached" });
  const again = failure("RangeError", "addToCart", "dan", "shop@3.0.5");
  await tell([["event", { ...again, timestamp: Date.now() / 1000 + 1 }]]);
  await row("came back once").waitFor({ timeout: 20_000 });
});

test("an issue is made of it with the reports that it has", async () => {
  await row("RangeError").getByRole("link").focus();
  await page.keyboard.press("m");
  await toast(page, /was made of it/);
  await row("RangeError")
    .getByText(/^HC-\d+$/)
    .waitFor();
});

test("who met an error finds all of theirs, and releases show how they do", async () => {
  await page.goto(`${launch}/errors?user=cay`);
  await row("RangeError").waitFor();
  expect(await row("TypeError").count()).toBe(0);
  await page.getByRole("link", { name: "Releases" }).click();
  await page.getByText("97%", { exact: true }).waitFor();
  await settled(page);
  expect(await axe(page)).toEqual([]);
  await page.screenshot({ path: `${shots}/error-releases.png` });
});

test.each(["light", "dark"] as const)("it is read on a phone, %s", async (theme) => {
  const small = await open(browser, { as: by, size: phone, theme });
  await small.page.goto(`${launch}/errors?state=all`);
  await small.page.getByRole("list", { name: "Errors" }).getByRole("link").first().click();
  await small.page
    .getByRole("complementary", { name: /^Error / })
    .getByText("Stack")
    .waitFor();
  await settled(small.page);
  expect(await axe(small.page)).toEqual([]);
  await small.page.screenshot({ path: `${shots}/error-phone-${theme}.png` });
  await small.context.close();
});
