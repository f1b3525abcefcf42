import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, colours, faults, launchBrowser, open, settled, shots, toast } from "../browser";
import { type Api, asOwner, launchWith, rows } from "../workspace";

let browser: Browser;
let page: Page;
let by: Api;
let launch: string;
let item: string;

beforeAll(async () => {
  by = await asOwner();
  launch = await launchWith(by, "Answers", [
    { text: "The pay button spins for ever.", author: { name: "Priya Nair", email: "priya@lumen.example" } },
  ]);
  await by.call("POST", `${launch}/channels`, {
    kind: "email",
    name: "Mail",
    settings: { address: "care@lumen.example", smtp_host: "mail.lumen.example" },
  });
  item = (await rows(by, launch))[0]?.id ?? "";
  browser = await launchBrowser();
  page = (await open(browser, { as: by })).page;
  await page.goto(`${launch}/feedback?item=${item}`);
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const thread = () => page.getByRole("region", { name: "Conversation" });

test("R answers the reporter by keyboard, and says by which way it goes", async () => {
  await thread().getByText("Nobody has written to the reporter yet.").waitFor();
  await settled(page);
  await page.keyboard.press("r");
  await page.getByLabel("Your reply").fill("We found it and fix it today.");
  await thread().getByText("Goes to priya@lumen.example by e-mail").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await axe(page, [], undefined, colours)).toEqual([]);
  await page.screenshot({ path: `${shots}/reply-dark.png` });
  await page.emulateMedia({ colorScheme: "light" });
  await page.keyboard.press("Control+Enter");
  await toast(page, "The reply goes out in half a minute");
  await thread().getByText("We found it and fix it today.").waitFor();
});

test("Z takes it back before it goes out", async () => {
  await page.keyboard.press("z");
  await thread().getByText("We found it and fix it today.").waitFor({ state: "detached" });
  const kept = await by.call<{ items: { state: string }[] }>("GET", `/feedback/${item}/messages`);
  expect(kept.items.map((m) => m.state)).toEqual(["cancelled"]);
});
