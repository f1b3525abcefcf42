import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, desktop, faults, launchBrowser, listOf, open, phone, settled, shots, toast } from "../browser";
import { type Api, asOwner, launchWith } from "../workspace";

let browser: Browser;
let by: Api;
let launch = "";

beforeAll(async () => {
  by = await asOwner();
  const text = "The address search drops the house number.";
  launch = await launchWith(
    by,
    "For every eye",
    [1, 2, 3, 4].map((n) => ({ title: `One of severity ${n}`, text: `${text} Street ${n}0.` })),
  );
  const { items } = await by.get<{ items: { id: string; title: string }[] }>(`${launch}/feedback`);
  for (const f of items) await by.patch(`/feedback/${f.id}`, { severity: `sev${f.title.slice(-1)}` });
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** A row's severity: its word, and its shape with the colours that are painted. */
const severityOf = (page: Page, n: number) =>
  listOf(page)
    .filter({ hasText: `One of severity ${n}` })
    .evaluate((row) => {
      const svg = [...row.querySelectorAll("svg")].find((s) =>
        /^Sev \d/.test(s.parentElement?.textContent ?? ""),
      );
      const drawn = svg?.firstElementChild;
      if (!svg || !drawn) return undefined;
      const { fill, stroke } = getComputedStyle(drawn);
      const box = svg.getBoundingClientRect();
      return { word: svg.parentElement?.textContent, shape: drawn.outerHTML, fill, stroke, wide: box.width };
    });

/** What an element shows of itself beyond its text: outline, border and inner edge. */
const edgeOf = (page: Page, selector: string, pseudo = "") =>
  page
    .locator(selector)
    .first()
    .evaluate((e, p) => {
      const s = getComputedStyle(e, p || undefined);
      return { style: s.outlineStyle, width: Number.parseFloat(s.outlineWidth), colour: s.outlineColor };
    }, pseudo);

/** The reader's palette rules; axe reckons with the colours of the page. */
const reader = ["color-contrast"];

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

describe.each(["light", "dark"] as const)("with forced colours, %s", (theme) => {
  let page: Page;
  beforeAll(async () => {
    const session = await open(browser, { as: by, theme });
    page = session.page;
    await page.emulateMedia({ forcedColors: "active", colorScheme: theme });
    await page.goto(`${launch}/feedback`);
    await listOf(page).nth(3).waitFor();
    await settled(page);
  });
  afterAll(() => page?.context().close());

  test("severities differ by shape and word, and each is painted", async () => {
    const drawn = await Promise.all([1, 2, 3, 4].map((n) => severityOf(page, n)));
    expect(drawn.map((d) => d?.word)).toEqual(["Sev 1", "Sev 2", "Sev 3", "Sev 4"]);
    expect(new Set(drawn.map((d) => d?.shape)).size).toBe(4);
    const paper = await background(page);
    for (const d of drawn) {
      expect(d?.wide).toBeGreaterThanOrEqual(8);
      const paint = [d?.fill, d?.stroke].filter((c) => c && c !== "none");
      expect(paint.length).toBeGreaterThan(0);
      expect(paint).not.toContain(paper);
    }
  });

  test("the open row is outlined, when it was opened too, and the others are not", async () => {
    const paper = await background(page);
    for (const key of ["", "j", "k"]) {
      if (key) await page.keyboard.press(key);
      await settled(page);
      // The whole of it where the row draws its outline itself, its text else.
      const edges = await Promise.all(
        ["", "::after"].map((p) => edgeOf(page, "[data-list-row][data-current]", p)),
      );
      const drawn = edges.find((e) => e.style === "solid");
      expect(drawn, `after ${key || "opening"}`).toBeDefined();
      expect(drawn?.width).toBeGreaterThanOrEqual(2);
      expect(drawn?.colour).not.toBe(paper);
    }
    expect((await edgeOf(page, "[data-list-row]:not([data-current])")).style).toBe("none");
    expect((await edgeOf(page, "[data-list-row]:not([data-current])", "::after")).style).toBe("none");
  });

  test("the focus is seen wherever it goes", async () => {
    const paper = await background(page);
    const unseen: string[] = [];
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate(() => {
        const e = document.activeElement;
        if (!e || e === document.body) return undefined;
        const rings = ["", "::after"].map((p) => getComputedStyle(e, p || undefined));
        const holder = e.closest("search, [data-focus-within]");
        if (holder) rings.push(getComputedStyle(holder));
        const ring = rings.find((s) => s.outlineStyle !== "none" && Number.parseFloat(s.outlineWidth) >= 1);
        return { name: e.outerHTML.slice(0, 160), ring: ring?.outlineColor };
      });
      if (found && (!found.ring || found.ring === paper)) unseen.push(found.name);
    }
    expect(unseen).toEqual([]);
  });

  test("what floats has an edge: menu, toast, dialog", async () => {
    const edge = (selector: string) =>
      page
        .locator(selector)
        .last()
        .evaluate((e) => {
          const s = getComputedStyle(e);
          const outline = s.outlineStyle === "none" ? 0 : Number.parseFloat(s.outlineWidth);
          return Number.parseFloat(s.borderTopWidth) + outline;
        });
    await page.keyboard.press("s");
    await page.getByRole("menu").waitFor();
    expect(await edge("[role=menu]")).toBeGreaterThanOrEqual(1);
    await page.getByRole("menuitemradio").nth(1).press("Enter");
    await toast(page, /.+/);
    await page.getByRole("menu").waitFor({ state: "detached" }); // a key before that is the menu's
    expect(await edge(".forced-edge")).toBeGreaterThanOrEqual(1);
    await page.keyboard.press("z");
    await toast(page, "Undone");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await edge("[role=dialog]")).toBeGreaterThanOrEqual(1);
    expect(await axe(page, reader)).toEqual([]);
    await page.screenshot({ path: `${shots}/forced-keys-${theme}-1440.png` });
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("pictures are kept, and axe finds nothing", async () => {
    for (const [name, size] of [
      ["1440", desktop],
      ["390", phone],
    ] as const) {
      await page.setViewportSize(size);
      await settled(page);
      await page.screenshot({ path: `${shots}/forced-inbox-${theme}-${name}.png` });
      expect(await axe(page, reader)).toEqual([]);
    }
  });
});

describe("with reduced motion", () => {
  /** Elements that move or would fade, by what they say of themselves. */
  const moving = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll("*")]
        .filter((e) => {
          const s = getComputedStyle(e);
          const fades = s.transitionDuration.split(",").some((d) => Number.parseFloat(d) > 0);
          return s.animationName !== "none" || fades;
        })
        .map((e) => e.outerHTML.slice(0, 120)),
    );

  test("nothing moves by itself, and the row scrolls into view at once", async () => {
    const { context, page } = await open(browser, { as: by, motion: "reduce" });
    await page.goto(`${launch}/feedback`);
    await listOf(page).first().waitFor();
    await page.locator(".live-dot[data-state=live]").first().waitFor();
    expect(await moving(page)).toEqual([]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await moving(page)).toEqual([]);
    await context.close();
  });

  test("without it the live dot breathes, so that the test above means something", async () => {
    const { context, page } = await open(browser, { as: by, motion: "no-preference" });
    await page.goto(`${launch}/feedback`);
    await page.locator(".live-dot[data-state=live]").first().waitFor();
    expect((await moving(page)).length).toBeGreaterThan(0);
    await context.close();
  });
});
