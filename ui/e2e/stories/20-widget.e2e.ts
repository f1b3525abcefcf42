import { createHmac } from "node:crypto";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { axe, base, launchBrowser, phone, shots, type Theme } from "../browser";
import { openShop, type Shop } from "../shop";
import { gatewayURL, logged } from "../traffic";
import { type Api, asOwner, launchWith, rows } from "../workspace";

// The widget on pages of another origin, whose API is behind the gateway: what happened there is found here.

const secret = "only the shop's server knows";
let browser: Browser;
let by: Api;
let launch = "";
let gateway = "";
let shop: Shop;
let channel: { id: string; key: string };
const open: BrowserContext[] = [];
const faults: string[] = [];

interface Sent {
  ref: string;
  link: string;
}
interface Report {
  id: string;
  external_id: string;
  text: string;
  url: string;
  app_version: string;
  attrs: Record<string, string>;
  author: { person_id?: string; name?: string; email?: string };
  attachments: { name: string; url: string; content_type: string }[];
}

beforeAll(async () => {
  by = await asOwner();
  shop = await openShop();
  gateway = await gatewayURL(by);
  await by.post("/gateway/publications", {
    document: `gateway: 1
upstreams:
  - {name: shop, targets: [{url: "${shop.url}"}]}
  - {name: hypercare, targets: [{url: "${base}"}]}
apis:
  - name: payments
    version: v1
    base: /payments
    upstream: shop
    policies:
      cors: {origins: ["${shop.url}"], headers: [Content-Type, X-Hypercare-Session], expose: [X-Request-Id]}
      identity: {session: {header: X-Hypercare-Session}}
    routes:
      - {name: pay, path: /pay}
      - {name: stock, path: /stock}
  - {name: site, version: v1, base: /site, upstream: shop, routes: [{name: pages, prefix: /}]}
  - name: care
    version: v1
    base: /care
    strip_base: true
    upstream: hypercare
    routes:
      - {name: widget, prefix: /w/}
      - {name: intake, prefix: /in/widget/}
      - {name: follow, prefix: /f/}
`,
  });
  shop.api = `${gateway}/payments`;
  launch = await launchWith(by, "Widget", []);
  channel = await by.post(`${launch}/channels`, {
    kind: "widget",
    name: "Shop pages",
    origins: [shop.url, gateway],
    settings: { trace: [gateway] },
    secrets: { signing: secret },
  });
  browser = await launchBrowser("--auto-accept-this-tab-capture");
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});
afterEach(async () => {
  for (const c of open.splice(0)) await c.close();
  Object.assign(shop.page, { head: "", body: "", csp: "", status: 504 });
  expect(faults.splice(0)).toEqual([]);
});

const script = (from = base, more = "") =>
  `<script async src="${from}/w/w.js" data-key="${channel.key}" data-release="3.0.4" ${more}></script>`;
/** No more than a page of the shop and the widget need. */
const strict = `default-src 'none'; script-src 'self' ${base}; style-src 'self'; connect-src GATEWAY ${base}; img-src data: blob:; base-uri 'none'; require-trusted-types-for 'script'`;

/** A page of the shop in a browser of its own. */
async function visit(
  o: {
    path?: string;
    theme?: Theme;
    size?: { width: number; height: number };
    at?: string;
    head?: string;
  } = {},
): Promise<Page> {
  shop.page.head = o.head ?? script();
  const context = await browser.newContext({
    viewport: o.size ?? { width: 1000, height: 700 },
    colorScheme: o.theme ?? "light",
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  open.push(context);
  const page = await context.newPage();
  page.on("pageerror", (e) => faults.push(`script error: ${e.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !/Failed to load resource|payment failed/.test(m.text()))
      faults.push(`console: ${m.text()}`);
  });
  await page.goto(`${o.at ?? shop.url}${o.path ?? "/"}`);
  return page;
}
const dialog = (page: Page): Locator => page.getByRole("dialog");
const feedback = (page: Page) => page.getByRole("button", { name: "Feedback", exact: true });

/** Writes a report and waits for its reference. */
async function say(page: Page, text: string): Promise<Sent> {
  if (!(await dialog(page).isVisible())) await feedback(page).click();
  await page.getByLabel("What did you do, and what did you see?").fill(text);
  await dialog(page).getByRole("button", { name: "Send", exact: true }).click();
  return thanked(page);
}
async function thanked(page: Page): Promise<Sent> {
  const said = dialog(page).getByText(/Your reference is W-/);
  await said.waitFor();
  const ref = /W-[0-9A-Z]{8}/.exec((await said.textContent()) ?? "")?.[0] ?? "";
  const link = await dialog(page).getByRole("link").getAttribute("href");
  return { ref, link: link ?? "" };
}
/** The report with a reference, once it is read. */
const arrived = (ref: string): Promise<Report> =>
  vi.waitFor(
    async () => {
      for (const row of await rows(by, launch)) {
        const f = await by.get<Report>(`/feedback/${row.id}`);
        if (f.external_id === ref) return f;
      }
      throw new Error(`${ref} is not there`);
    },
    { timeout: 20_000, interval: 100 },
  );
const file = async (f: Report, name: RegExp): Promise<Buffer> => {
  const a = f.attachments.find((x) => name.test(x.name));
  if (!a) throw new Error(`no file ${name} of ${f.attachments.map((x) => x.name)}`);
  return Buffer.from(await (await fetch(base + a.url, { headers: { Cookie: by.cookie } })).arrayBuffer());
};

/** What an image of the page shows where its private parts and the blue box are. */
async function colours(page: Page, image: Buffer) {
  const boxes = await Promise.all(
    ["[data-private]", "#card", ".blue"].map((s) => page.locator(s).boundingBox()),
  );
  return page
    .context()
    .newPage()
    .then(async (blank) => {
      await blank.goto(`${base}/healthz`);
      return blank.evaluate(
        async ([data, all]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
          const c = new OffscreenCanvas(bitmap.width, bitmap.height);
          const g = c.getContext("2d") as OffscreenCanvasRenderingContext2D;
          g.drawImage(bitmap, 0, 0);
          const scale = bitmap.width / 1000;
          /** How far the colours in a box lie apart, and the one in its middle. */
          return all.map((b) => {
            const d = g.getImageData(
              (b.x + 2) * scale,
              (b.y + 2) * scale,
              (b.width - 4) * scale,
              (b.height - 4) * scale,
            );
            let [low, high] = [255, 0];
            for (let i = 0; i < d.data.length; i += 4) {
              low = Math.min(low, d.data[i] as number);
              high = Math.max(high, d.data[i] as number);
            }
            const m = g.getImageData((b.x + b.width / 2) * scale, (b.y + b.height / 2) * scale, 1, 1).data;
            const e = [
              g.getImageData((b.x + 4) * scale, (b.y + 4) * scale, 1, 1).data,
              g.getImageData((b.x + b.width - 4) * scale, (b.y + b.height - 4) * scale, 1, 1).data,
            ].map((c) => [...c.slice(0, 3)]);
            return { spread: high - low, middle: [...m.slice(0, 3)], edges: e };
          });
        },
        [image.toString("base64"), boxes.map((b) => b ?? { x: 0, y: 0, width: 9, height: 9 })] as const,
      );
    });
}

describe("on a page of another origin with a strict policy", () => {
  test("a failed call, told in the widget, is the call in the log; the answer is read without an account", async () => {
    shop.page.csp = strict.replace("GATEWAY", gateway);
    const page = await visit();
    await page.getByRole("button", { name: "Pay now" }).click();
    await page.getByText("504").waitFor();
    await page.getByRole("button", { name: "Stock" }).click();
    await page.getByText("stock 200").waitFor();
    await page.evaluate(() => window.Hypercare.event("cart"));
    await feedback(page).click();
    await page.getByText("See what is sent").click();
    const seen = (await page.getByRole("region", { name: "See what is sent" }).textContent()) ?? "";
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/widget-dialog-light.png` });
    const sending = page.waitForRequest((r) => r.method() === "POST" && r.url().includes("/in/widget/"));
    const sent = await say(page, "Paying ends in an error");
    const wire = (await sending).postData() ?? "";

    // What was shown is what went over the wire, and holds nothing that it must not.
    const shown = JSON.parse(seen);
    const went = JSON.parse(/\{"id".*\}/.exec(wire)?.[0] ?? "");
    expect(went).toEqual({ ...shown, text: "Paying ends in an error" });
    for (const bad of ["4111", "ana@", "1,234.56"]) expect(wire).not.toContain(bad);

    const f = await arrived(sent.ref);
    expect(f).toMatchObject({
      text: "Paying ends in an error",
      app_version: "3.0.4",
      attrs: {
        kind: "problem",
        failed_calls: expect.stringContaining("/payments/pay?card 504"),
        journey: "cart",
      },
    });
    // The call itself, by its id and by the tab's session.
    const [first = ""] = (f.attrs.request_ids ?? "").split(" ");
    await logged(by, `session:${f.attrs.session}`, 2);
    const call = await by.get<{ id: string; status: number; session: string; path: string }>(
      `/calls/${first}`,
    );
    expect(call).toMatchObject({ status: 504, path: "/payments/pay", session: f.attrs.session });
    // Evidence ranks it first, and the way leads back from the call to the report.
    const evidence = await by.get<{ items: { id: string; strength: string; join: string }[] }>(
      `/feedback/${f.id}/evidence`,
    );
    expect(evidence.items[0]).toMatchObject({ id: `call:${call.id}`, strength: "strong" });
    await vi.waitFor(
      async () => expect(JSON.stringify(await by.get(`/calls/${call.id}/reports`))).toContain(f.id),
      { timeout: 20_000, interval: 100 },
    );
    const crumbs = JSON.parse((await file(f, /breadcrumbs/)).toString());
    expect(crumbs.crumbs.map((c: { kind: string }) => c.kind)).toEqual(
      expect.arrayContaining(["nav", "click", "http", "console", "event"]),
    );
    expect(crumbs.crumbs.filter((c: { kind: string }) => c.kind === "click")).toHaveLength(2);

    // The team answers; the reporter reads it, and adds more.
    await by.post(`/feedback/${f.id}/messages`, { text: "We found it: the bank was slow." });
    const reader = await visit({ at: sent.link, path: "", head: "" });
    await reader.getByRole("heading", { name: "We have your report" }).waitFor();
    expect(await axe(reader)).toEqual([]);
    await reader.getByLabel("What else should we know?").fill("It works again");
    await reader.getByRole("button", { name: "Send" }).click();
    await reader.getByRole("status").getByText("We have your message.").waitFor();
    await reader.getByText("It works again").waitFor();
    await reader.screenshot({ path: `${shots}/widget-follow-light.png`, fullPage: true });
    const thread = await by.get<{ items: { direction: string; text: string }[] }>(
      `/feedback/${f.id}/messages`,
    );
    expect(thread.items.map((m) => m.text)).toEqual(["We found it: the bank was slow.", "It works again"]);
  });

  test("a screenshot hides what is private and what is brushed over; the focus comes back", async () => {
    shop.page.csp = strict.replace("GATEWAY", gateway);
    const page = await visit();
    await feedback(page).click();
    const shoot = page.getByRole("button", { name: "Add screenshot" });
    await shoot.click();
    const editor = page.getByRole("dialog", { name: "Mark the screenshot" });
    await editor.waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/widget-editor-light.png` });
    const canvas = editor.getByRole("img");
    const at = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
    const blue = (await page.locator(".blue").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const k = at.width / 1000;
    // A stroke through the middle of the blue box, by the mouse.
    await editor.getByRole("button", { name: "Hide" }).click();
    await page.mouse.move(at.x + (blue.x + 40) * k, at.y + (blue.y + 60) * k);
    await page.mouse.down();
    await page.mouse.move(at.x + (blue.x + 260) * k, at.y + (blue.y + 60) * k, { steps: 5 });
    await page.mouse.up();
    // A mark that is taken back.
    await editor.getByRole("button", { name: "Mark", exact: true }).click();
    await canvas.focus();
    for (const key of ["Enter", "ArrowRight", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    await editor.getByRole("button", { name: "Undo" }).click();
    await editor.getByRole("button", { name: "Use it" }).click();
    await dialog(page).getByText("screenshot.webp", { exact: true }).waitFor();
    await vi.waitFor(async () =>
      expect(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent)).toBe(
        "Add screenshot",
      ),
    );
    const sent = await say(page, "Look at this");
    const f = await arrived(sent.ref);
    const image = await file(f, /^screenshot\.webp$/);
    expect(image.length).toBeLessThan(2 << 20);
    const [balance, card, box] = await colours(page, image);
    expect(balance?.spread).toBeLessThan(24); // no digits
    expect(card?.spread).toBeLessThan(24);
    expect(box?.middle[2]).toBeLessThan(60); // brushed over
    for (const [r = 0, , b = 0] of box?.edges ?? []) expect(b - r).toBeGreaterThan(150); // and drawn where it is
  });

  test("the exact capture hides it too", async () => {
    shop.page.csp = strict.replace("GATEWAY", gateway).replace("img-src data: blob:; ", "");
    const page = await visit();
    await feedback(page).click();
    await page.getByRole("button", { name: "Add screenshot" }).click();
    const editor = page.getByRole("dialog", { name: "Mark the screenshot" });
    // Where the policy lets no page be drawn, it says what does work.
    await editor.getByText("This page can’t be drawn.").waitFor();
    await editor.getByRole("button", { name: "Exact capture" }).click();
    const use = editor.getByRole("button", { name: "Use it" });
    await expect.poll(() => use.isEnabled(), { timeout: 10_000 }).toBe(true);
    await use.click();
    await dialog(page).getByText("screenshot.webp", { exact: true }).waitFor();
    const f = await arrived((await say(page, "Exactly this")).ref);
    const [balance, card, box] = await colours(page, await file(f, /^screenshot\.webp$/));
    expect(balance?.spread).toBeLessThan(24);
    expect(card?.spread).toBeLessThan(24);
    for (const [r = 0, , b = 0] of box?.edges ?? []) expect(b - r).toBeGreaterThan(150);
    expect(await page.evaluate(() => document.adoptedStyleSheets.length)).toBe(0);
    // The policy's own complaints: they are what this is about.
    expect(faults.splice(0).filter((f) => !/^console: Loading the image 'data:/.test(f))).toEqual([]);
  });
});

describe("who reports", () => {
  const token = (id: string, key = secret) => {
    const until = Math.floor(Date.now() / 1000) + 3600;
    return `${until}.${createHmac("sha256", key).update(`${id}\n${until}`).digest("hex")}`;
  };
  test("is a known person only when the page's server vouches for them", async () => {
    const page = await visit();
    await feedback(page).waitFor();
    for (const [user, identity] of [
      [{ id: "u-1", name: "Ana", email: "ana@people.example", token: token("u-1") }, "signed"],
      [{ id: "u-1", name: "Eve", email: "eve@people.example", token: token("u-1", "guessed") }, "forged"],
      [{ id: "u-1", name: "Eve" }, "claimed"],
    ] as const) {
      await page.evaluate((u) => window.Hypercare.identify(u), user);
      await page.evaluate(() => window.Hypercare.open({ kind: "question", text: "" }));
      await dialog(page).getByRole("textbox").first().waitFor();
      // The address that the page knows is filled in; what it says of somebody else is gone.
      const email = page.getByLabel("E-mail, if you want an answer");
      expect(await email.inputValue()).toBe("email" in user ? user.email : "");
      if (identity === "forged") await email.fill("");
      await page.getByLabel("Send technical details").uncheck(); // without: the session would join them
      const f = await arrived((await say(page, `I am ${identity}`)).ref);
      expect(f.attrs.identity).toBe(identity);
      expect(f.author.name ?? "").toBe(identity === "signed" ? "Ana" : "");
      expect(Boolean(f.author.person_id)).toBe(identity === "signed");
      await page.keyboard.press("Escape");
    }
  });
});

describe("where things are in the way", () => {
  test("offline it is kept, over a reload, and sent when the line is back", async () => {
    const page = await visit();
    await feedback(page).waitFor();
    await page.context().setOffline(true);
    await feedback(page).click();
    await page.getByLabel("What did you do, and what did you see?").fill("Written in a tunnel");
    await dialog(page).getByRole("button", { name: "Send", exact: true }).click();
    await dialog(page)
      .getByText(/Your report is kept here/)
      .waitFor();
    await page.context().setOffline(false);
    const sent = await thanked(page); // the dialog that still stands says so
    expect((await arrived(sent.ref)).text).toBe("Written in a tunnel");

    // In another page: what the first could not send, the next one does.
    await page.route("**/in/widget/**", (r) => (r.request().method() === "POST" ? r.abort() : r.fallback()));
    await page.keyboard.press("Escape");
    await feedback(page).click();
    await page.getByLabel("What did you do, and what did you see?").fill("Second try");
    await dialog(page).getByRole("button", { name: "Send", exact: true }).click();
    await dialog(page)
      .getByText(/Your report is kept here/)
      .waitFor();
    await page.unroute("**/in/widget/**");
    const later = page.waitForResponse(
      (r) => r.request().method() === "POST" && r.url().includes("/in/widget/"),
    );
    await page.reload();
    expect((await later).status()).toBe(202);
    const { ref } = (await (await later).json()) as { ref: string };
    expect((await arrived(ref)).text).toBe("Second try");
  });

  test("where hypercare's host is blocked, a path of the page's own origin does", async () => {
    shop.page.csp = "default-src 'self'; img-src data: blob:";
    shop.page.head = script(`${gateway}/care`);
    const context = await browser.newContext({ locale: "en-GB" });
    open.push(context);
    const blocked: string[] = [];
    await context.route(`${base}/**`, (r) => {
      blocked.push(r.request().url());
      return r.abort("blockedbyclient");
    });
    const page = await context.newPage();
    await page.goto(`${gateway}/site/`);
    await feedback(page).click();
    // The parts that come later come the same way.
    await page.getByRole("button", { name: "Add screenshot" }).click();
    await page.getByRole("button", { name: "Use it" }).click();
    await dialog(page).getByText("screenshot.webp", { exact: true }).waitFor();
    const sent = await say(page, "Behind a blocker");
    expect(sent.link).toMatch(new RegExp(`^${gateway}/care/f/`));
    const f = await arrived(sent.ref);
    expect(f.attachments.map((a) => a.name)).toContain("screenshot.webp");
    await page.goto(sent.link);
    await page.getByLabel("What else should we know?").fill("And back");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("And back").waitFor();
    expect(
      await page.evaluate(() => getComputedStyle(document.querySelector("main") as Element).maxWidth),
    ).toBe("640px");
    expect(page.url()).toContain(`${gateway}/care/f/`);
    expect(blocked).toEqual([]);
  });

  test("in a frame", async () => {
    shop.page.csp = "";
    const page = await visit({ path: "/inner" });
    await page.setContent(
      `<h1>Around</h1><iframe title="shop" src="${shop.url}/inner" style="width:600px;height:640px"></iframe>`,
    );
    const frame = page.frameLocator("iframe");
    await frame.getByRole("button", { name: "Feedback", exact: true }).click();
    await frame.getByLabel("What did you do, and what did you see?").fill("From a frame");
    await frame.getByRole("button", { name: "Send", exact: true }).click();
    await frame.getByText(/Your reference is W-/).waitFor();
  });

  test("a page that may not send is told so", async () => {
    const other = await openShop();
    const page = await visit();
    await page.goto(other.url);
    await page.evaluate(
      ([src, key]) => {
        const s = document.createElement("script");
        s.src = src as string;
        s.dataset.key = key;
        document.head.append(s);
      },
      [`${base}/w/w.js`, channel.key],
    );
    await feedback(page).click();
    await page.getByLabel("What did you do, and what did you see?").fill("From elsewhere");
    await dialog(page).getByRole("button", { name: "Send", exact: true }).click();
    await dialog(page)
      .getByText(/takes nothing from pages of/)
      .waitFor();
    await other.close();
  });
});

describe("how it looks", () => {
  test("dark, on a phone, in the page's language, with its own colour", async () => {
    const page = await visit({
      theme: "dark",
      size: phone,
      head: script(base, 'data-lang="de" data-accent="#ffd400" data-position="bottom-left"'),
    });
    await page.getByRole("button", { name: "Feedback", exact: true }).click();
    await page.getByRole("heading", { name: "Sagen Sie uns, was passiert ist" }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/widget-dialog-dark-390.png` });
    const box = await dialog(page).boundingBox();
    expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 390).toBe(true);
    await page.getByLabel("Was haben Sie getan, und was haben Sie gesehen?").fill("Schön");
    await page.getByRole("button", { name: "Senden", exact: true }).click();
    const link = (await dialog(page).getByRole("link").getAttribute("href")) ?? "";
    await page.goto(link);
    await page.getByText("Jemand aus unserem Team wird sie lesen.").waitFor();
    await vi.waitFor(async () => {
      await page.reload();
      expect(await page.getByRole("button", { name: "Senden" }).count()).toBe(1);
    });
    expect(await axe(page)).toEqual([]);
    await page.screenshot({ path: `${shots}/widget-follow-dark-390.png`, fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });

  test("a button of the page's own opens it", async () => {
    const page = await visit({ head: script(base, 'data-position="none"') });
    await page.waitForFunction(() => "version" in (window.Hypercare ?? {}));
    await page.getByRole("button", { name: "Rate us" }).click();
    await expect.poll(() => page.getByRole("radio", { name: "Praise" }).isChecked()).toBe(true);
    expect(await feedback(page).count()).toBe(0);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("rate");
  });
});
