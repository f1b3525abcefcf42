import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, faults, launchBrowser, open, settled, shots, toast } from "../browser";
import { type Api, asOwner } from "../workspace";

const rules = (expr: string) => `groups:
  - name: story
    interval: 5s
    rules:
      - record: story:two
        expr: vector(2)
      - alert: StoryAlert
        expr: ${expr}
        labels: {severity: sev3, team: web}
        annotations:
          summary: 'The story says {{ $value }}'
`;

let browser: Browser;
let page: Page;
let by: Api;

beforeAll(async () => {
  by = await asOwner();
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const alert = () =>
  page.getByRole("list", { name: "Alerts" }).getByRole("listitem").filter({ hasText: "StoryAlert" });

test("rules are written in the browser: a fault names its line, what is valid is saved by keyboard", async () => {
  await page.goto("/gateway/alerts?tab=rules");
  await page.getByRole("heading", { name: "Alerts" }).waitFor();
  await settled(page);
  await page.keyboard.press("n");
  const text = page.getByLabel("Document");
  await text.waitFor();
  await page.getByText("Valid:").waitFor(); // the sample
  await text.fill(rules("vector(1) >"));
  await page.getByRole("button", { name: /Line 8/ }).click();
  expect(await page.getByRole("button", { name: "Save", exact: true }).isDisabled()).toBe(true);
  expect(await axe(page)).toEqual([]);
  await page.screenshot({ path: `${shots}/alert-rules-fault.png` });
  await text.fill(rules("vector(1) > 0"));
  await page.getByText("1 alert rule · 1 recording rule").waitFor();
  await page.keyboard.press("Control+Enter");
  await toast(page, "Saved");
  await page.getByRole("link", { name: "story", exact: true }).waitFor();
});

test("what they find shows by itself, and opens beside the list", async () => {
  await page.getByRole("link", { name: "Active" }).click();
  await alert().waitFor({ timeout: 20_000 });
  expect(await alert().textContent()).toContain("Firing");
  await alert().getByRole("link").click();
  const drawer = page.getByRole("complementary", { name: "Alert StoryAlert" });
  await drawer.getByText("The story says 1").waitFor();
  expect(await drawer.textContent()).toContain("web");
  await page.getByText("1 firing, 0 pending").waitFor();
  await settled(page);
  expect(await axe(page)).toEqual([]);
  await page.screenshot({ path: `${shots}/alert.png` });
});

test("an end is told too, and kept", async () => {
  await by.call("DELETE", "/rule-groups/story");
  await alert().waitFor({ state: "detached", timeout: 20_000 });
  await page.getByRole("link", { name: "History" }).click();
  await alert().waitFor();
  expect(await alert().textContent()).toContain("Resolved");
  await settled(page);
  expect(await axe(page)).toEqual([]);
});
