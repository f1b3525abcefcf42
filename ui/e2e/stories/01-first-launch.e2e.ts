import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, base, faults, launchBrowser, listOf, open, owner, setupURL, shots } from "../browser";

const fixture = fileURLToPath(new URL("../fixtures/reviews.csv", import.meta.url));

let browser: Browser;
let page: Page;
/** Path of the launch that the story makes, such as /launches/la_1. */
let launchPath = "";

beforeAll(async () => {
  browser = await launchBrowser();
  page = (await open(browser)).page;
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

const button = (name: string | RegExp) => page.getByRole("button", { name });

describe("from an empty folder to a full inbox", () => {
  test("the setup link makes the owner", async () => {
    expect(setupURL, "HC_SETUP_URL is the link that the server printed").not.toBe("");
    await page.goto(setupURL);
    await page.getByRole("heading", { name: "Set up hypercare" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/setup-light-1440.png` });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/setup-dark-1440.png` });
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByLabel("Workspace").fill(owner.workspace);
    await page.getByLabel("Your name").fill(owner.name);
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill("short");
    await page.getByText("Too short yet").first().waitFor();
    await page.getByLabel("Password").fill(owner.password);
    await page.getByText("Good.").first().waitFor();
    await button("Create workspace").click();
    await page.getByRole("heading", { name: "Create a launch" }).waitFor();
  });

  test("signing out and in again leads back", async () => {
    await button(/Your account/).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/sign-in-light-1440.png` });
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill("not the password");
    await button("Sign in").click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(owner.password);
    await button("Sign in").click();
    await page.getByRole("heading", { name: "Create a launch" }).waitFor();
  });

  test("a first launch is made", async () => {
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/new-launch-light-1440.png` });
    await page.getByLabel("Name", { exact: true }).fill("Checkout 3.0");
    await page.getByLabel("Scope").fill("New checkout for all web shops and both apps.");
    await page.getByLabel("Time zone").fill("Europe/Lisbon");
    await page.getByLabel("Services").fill("checkout, payments, search");
    await page.getByRole("main").getByRole("button", { name: "Create a launch" }).click();
    await page.getByRole("heading", { name: "Send feedback" }).waitFor();
    launchPath = new URL(page.url()).pathname.replace(/\/send$/, "");
  });

  test("the empty inbox says what to do, and a token stands in the command", async () => {
    await page.goto(`${launchPath}/feedback`);
    await page.getByRole("heading", { name: "No reports yet" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("link", { name: "Send feedback" }).click();
    await button("Create a token").click();
    const curl = page.getByRole("region", { name: "Send one report with curl" });
    await expect.poll(async () => curl.textContent()).toMatch(/Bearer hc_/);
  });

  test("the curl command works as it is shown, and the page turns green", async () => {
    const text = await page.getByRole("region", { name: "Send one report with curl" }).textContent();
    const token = /Bearer (\S+?)"/.exec(text ?? "")?.[1];
    const answer = await fetch(`${base}/api/v1${launchPath}/feedback`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ text: "The pay button spins for ever", author: { email: "priya@example.com" } }),
    });
    expect(answer.status).toBe(202);
    await page
      .getByText(/1 report is there/)
      .first()
      .waitFor({ timeout: 20_000 });
  });

  test("a file is previewed, mapped, checked and imported", async () => {
    await page.getByRole("link", { name: "Import a file" }).click();
    await page.getByLabel("Choose a file").setInputFiles(fixture);
    await page.getByRole("heading", { name: "reviews.csv" }).waitFor();
    await expect.poll(() => page.getByLabel("Column for Text").inputValue()).toBe("review_text");
    await expect.poll(() => page.getByLabel("Column for Rating").inputValue()).toBe("stars");
    await page.getByText("I pressed Pay, my bank app said approved", { exact: false }).first().waitFor();
    await page.getByLabel("Column for Channel").selectOption("");
    await page.getByLabel("source").check();
    await page.getByText("source: web").first().waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/import-map-light-1440.png` });
    await button("Check the whole file").click();
    await page
      .getByText(/60 rows: 59 good, 1 bad/)
      .first()
      .waitFor();
    await button("Start import").click();
    await page.getByText("Done", { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: "1 bad row as CSV" }).waitFor();
    await expect
      .poll(() => page.getByRole("progressbar", { name: "Triaged" }).getAttribute("aria-valuenow"), {
        timeout: 60_000,
      })
      .toBe("100");
  });

  test("filters are in the URL and in the list", async () => {
    await page.getByRole("link", { name: "Open its feedback" }).click();
    await page.getByRole("link", { name: "To triage" }).click();
    await listOf(page).first().waitFor();
    await button("Filter, 1 on").click();
    await page.getByRole("group", { name: "Severity" }).getByRole("checkbox").first().check();
    await expect.poll(() => page.url()).toMatch(/severity=sev/);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Escape");
    const shared = page.url();
    await button("Clear filters").first().click();
    await expect.poll(() => page.url()).not.toMatch(/severity=/);
    await page.goto(shared);
    await button(/Remove/)
      .first()
      .waitFor();
    await button("Clear filters").first().click();
  });
});
