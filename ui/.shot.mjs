import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const seed = JSON.parse(readFileSync("/tmp/w/issues-seed.json", "utf8"));
const base = "http://127.0.0.1:8184";
const [, , script, theme = "light", size = "1440x900", name = "x"] = process.argv;
const [width, height] = size.split("x").map(Number);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic"],
});
const context = await browser.newContext({
  baseURL: base,
  viewport: { width, height },
  colorScheme: theme,
  reducedMotion: "reduce",
  timezoneId: "Europe/Berlin",
  locale: "en-GB",
});
const page = await context.newPage();
page.on("pageerror", (e) => console.log("pageerror", e.message));
page.on("console", (m) => m.type() === "error" && console.log("console", m.text().slice(0, 300)));
await page.request.post("/api/v1/session", {
  data: {
    email: process.env.AS ?? seed.email,
    password: process.env.AS ? "seven-green-herons-wait" : seed.password,
  },
});
const shot = async (n) => {
  await page.waitForTimeout(500);
  await page.screenshot({ path: `/tmp/w/issues-shots/${n}-${theme}-${width}.png` });
};
const { default: run } = await import(script);
try {
  await run({ page, seed, shot, launch: seed.launch, name, context, browser });
} catch (e) {
  console.log(String(e).slice(0, 1500));
  await page.screenshot({ path: `/tmp/w/issues-shots/fail.png` });
}
await browser.close();
