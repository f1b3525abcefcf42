import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, faults, launchBrowser, open, phone, settled, shots } from "../browser";
import { shopTrace } from "../traces";
import { gatewayURL, logged } from "../traffic";
import { type Api, asOwner } from "../workspace";

let browser: Browser;
let page: Page;
let by: Api;
let id: string;

beforeAll(async () => {
  by = await asOwner();
  id = await shopTrace(by);
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

describe("a trace", () => {
  test("says where the time went, span by span", async () => {
    await page.goto(`/gateway/traces/${id}`);
    await page.getByText("92 % of the time was spent waiting for a connection.", { exact: true }).waitFor();
    await page
      .getByText("processor failed first, in POST /v2/charges: DeadlineExceeded: 8 s are over.", {
        exact: true,
      })
      .waitFor();
    const rows = page.getByRole("listitem").filter({ has: page.getByRole("button") });
    expect(await rows.locator(".id").allInnerTexts()).toEqual([
      "POST /checkout/pay",
      "authorise order 88-20431",
      "pool.acquire card-processor",
      "tls handshake",
      "POST /v2/charges",
      "timeout at 8,000, reply 504",
    ]);
    await page.getByText("no free connection to card-processor, 41 wait", { exact: true }).waitFor();
    await settled(page);
    await page.screenshot({ path: `${shots}/trace.png` });
    expect(await axe(page)).toEqual([]);
  });

  test("shows what a service said of a span", async () => {
    await page.getByRole("button", { name: /POST \/v2\/charges/ }).click();
    const drawer = page.getByRole("complementary", { name: "Span POST /v2/charges" });
    await drawer.getByText("DeadlineExceeded: 8 s are over", { exact: true }).waitFor();
    await drawer.getByText(/at charge \(processor\.js:41\)/).waitFor();
    await settled(page);
    await page.screenshot({ path: `${shots}/trace-span.png` });
    expect(await axe(page)).toEqual([]);
    await drawer.getByRole("button", { name: "Close" }).click();
    await drawer.waitFor({ state: "detached" });
  });

  test("that is not known says what may be wrong", async () => {
    await page.goto(`/gateway/traces/${"1".repeat(32)}`);
    await page.getByRole("heading", { name: "Nothing is known of this trace" }).waitFor();
    faults.splice(0); // the answer 404 is what is looked at here
  });

  test("stands beside the call that it belongs to", async () => {
    const gateway = await gatewayURL(by);
    await fetch(`${gateway}/traced-story`, { headers: { traceparent: `00-${id}-${"6".repeat(16)}-01` } });
    await logged(by, `trace:${id}`, 1);
    await page.goto(`/gateway/calls?q=trace:${id}`);
    await page.getByText("/traced-story").first().click();
    const drawer = page.getByRole("complementary", { name: "Call" });
    await drawer.getByRole("link", { name: /Trace 7f3c 91ae 04d2/ }).waitFor();
    await drawer.getByText("pool.acquire card-processor", { exact: true }).waitFor();
    await settled(page);
    await page.screenshot({ path: `${shots}/trace-call.png` });
    expect(await axe(page)).toEqual([]);
  });

  test("fits a phone", async () => {
    const other = await open(browser, { as: by, size: phone, theme: "dark" });
    await other.page.goto(`/gateway/traces/${id}`);
    await other.page.getByText("pool.acquire card-processor", { exact: true }).waitFor();
    await settled(other.page);
    await other.page.screenshot({ path: `${shots}/trace-phone.png` });
    expect(await axe(other.page)).toEqual([]);
    await other.context.close();
  });
});
