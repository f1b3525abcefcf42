// Makes the README's pictures from the demo, of a server on an empty folder:
//
//   scripts/with-server.sh node ui/scripts/pictures.mjs docs/images
//
// Each is 1440 by 900 and under 250 kB. A page that this build does not have is left out, and named.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { smaller } from "./png.mjs";
import { traffic } from "./seed-traffic.mjs";

const most = 250_000;
const out = process.argv[2] ?? "docs/images";
const base = process.env.HC_URL ?? "http://127.0.0.1:8080";

// It is early afternoon somewhere: a launch there has a morning behind it, whenever the pictures are made.
const cities =
  "Pacific/Auckland Asia/Tokyo Asia/Kolkata Asia/Dubai Europe/Athens Europe/Lisbon Atlantic/Azores America/Sao_Paulo America/New_York America/Denver America/Los_Angeles Pacific/Honolulu Australia/Brisbane Asia/Bangkok Asia/Karachi";
const hourIn = (zone) => {
  const clock = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  const [h, m] = clock.format().split(":").map(Number);
  return h + m / 60;
};
const zone = cities.split(" ").sort((a, b) => Math.abs(hourIn(a) - 14.3) - Math.abs(hourIn(b) - 14.3))[0];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const made = JSON.parse(
  execFileSync("node", [here("./seed.mjs")], { encoding: "utf8", env: { ...process.env, HC_ZONE: zone } }),
);

const pictures = [
  { name: "inbox", path: `${made.launch}/feedback`, themes: ["light", "dark"] },
  { name: "issue", path: made.issue, themes: ["light", "dark"] },
  {
    name: "command-centre",
    path: made.launch,
    themes: ["light", "dark"],
    only: /\/launches\/[^/]+(\/centre|\/command)?\/?$/,
  },
  { name: "board", path: `${made.launch}/board`, themes: ["light"] },
  { name: "issues", path: `${made.launch}/issues`, themes: ["dark"] },
  { name: "import", path: upload, themes: ["light"] },
  { name: "calls", path: "/gateway/calls?range=15m", themes: ["light"] },
  { name: "call", path: slowest, themes: ["dark"] },
];

const signedIn = await fetch(`${base}/api/v1/session`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ email: made.email, password: made.password }),
});
const cookie = signedIn.headers.getSetCookie()[0].split(";")[0];
const api = async (method, path, body) => {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: { Cookie: cookie, "Content-Type": "application/json" },
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const shop = await traffic(api, 30);

const browser = await chromium.launch({
  executablePath: process.env.HC_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
mkdirSync(out, { recursive: true });
for (const name of readdirSync(out)) if (name.endsWith(".png")) rmSync(join(out, name));

for (const theme of ["light", "dark"]) {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: 1440, height: 900 },
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: zone,
  });
  await context.request.post("/api/v1/session", { data: { email: made.email, password: made.password } });
  const page = await context.newPage();
  for (const { name, path, themes, only } of pictures) {
    if (!themes.includes(theme)) continue;
    await page.goto(typeof path === "string" ? path : await path(context.request));
    await page.getByRole("heading").first().waitFor({ state: "attached" });
    await stands(page);
    const there = new URL(page.url()).pathname;
    if (
      (only && !only.test(there)) ||
      (await page.getByRole("heading", { name: "Nothing here" }).count()) > 0
    ) {
      console.log(`${name}: this build has no such page`);
      continue;
    }
    const file = `${name}-${theme}.png`;
    const png = smaller(await page.screenshot());
    if (png.length > most) throw new Error(`${file} has ${png.length} bytes, at most ${most} are wanted`);
    writeFileSync(join(out, file), png);
    console.log(`${file} ${(png.length / 1000).toFixed(0)} kB`);
  }
  await context.close();
}
await browser.close();
shop.close();

/** The address of one call that failed. */
async function slowest() {
  const { items } = await api("GET", "/calls?q=status:504&limit=1");
  return `/gateway/calls?range=15m&call=${items[0].id}`;
}

/** Uploads a file and leaves it at its preview. */
async function upload(request) {
  const file = {
    name: "reviews.csv",
    mimeType: "text/csv",
    buffer: readFileSync(here("../e2e/fixtures/reviews.csv")),
  };
  const answer = await request.post(`/api/v1${made.launch}/imports`, { multipart: { file } });
  return `${made.launch}/imports/${(await answer.json()).id}`;
}

/** Waits until nothing is half drawn: fonts there, events come, and the picture is the same twice. */
async function stands(page) {
  await page.waitForFunction(
    () => document.fonts.status === "loaded" && !document.querySelector(".skeleton"),
  );
  await page.mouse.move(1439, 899);
  let before = await page.screenshot();
  for (let i = 0; i < 40; i++) {
    await page.evaluate(() => new Promise((done) => setTimeout(done, 250)));
    const now = await page.screenshot();
    if (now.equals(before)) return;
    before = now;
  }
}
