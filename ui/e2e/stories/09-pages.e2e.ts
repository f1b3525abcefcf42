import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  axe,
  colours,
  desktop,
  faults,
  launchBrowser,
  open,
  phone,
  settled,
  shots,
  type Theme,
  tablet,
} from "../browser";
import { shopTrace, traceId } from "../traces";
import { type Api, asOwner, type Demo, demo } from "../workspace";

let browser: Browser;
let by: Api;
let made: Demo;
let person = "";

beforeAll(async () => {
  by = await asOwner();
  made = await demo();
  await shopTrace(by);
  person = (await by.get<{ items: { id: string }[] }>("/persons?limit=1")).items[0]?.id ?? "";
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** Every page, by the pattern of its route; a page with two faces is there twice. */
const all: [name: string, route: string, query?: string][] = [
  ["command-centre", "/launches/$launchId"],
  ["war-room", "/launches/$launchId", "?tv=1"],
  ["inbox", "/launches/$launchId/feedback"],
  ["inbox-all", "/launches/$launchId/feedback", "?tab=all&severity=sev2"],
  ["issues", "/launches/$launchId/issues"],
  ["issue", "/launches/$launchId/issues/$issueId"],
  ["board", "/launches/$launchId/board"],
  ["people", "/people"],
  ["people-same", "/people", "?tab=same"],
  ["organisations", "/people", "?tab=organisations"],
  ["segments", "/people", "?tab=segments"],
  ["person", "/people/$personId"],
  ["imports", "/launches/$launchId/imports"],
  ["import", "/launches/$launchId/imports/$importId"],
  ["channels", "/launches/$launchId/channels"],
  ["errors", "/launches/$launchId/errors"],
  ["error-releases", "/launches/$launchId/errors", "?tab=releases"],
  ["deliveries", "/launches/$launchId/deliveries"],
  ["rules", "/launches/$launchId/rules"],
  ["decisions", "/launches/$launchId/decisions"],
  ["launch-settings", "/launches/$launchId/settings"],
  ["send", "/launches/$launchId/send"],
  ["calls", "/gateway/calls"],
  ["trace", "/gateway/traces/$traceId"],
  ["routes", "/gateway/routes"],
  ["rollouts", "/gateway/rollouts"],
  ["apis", "/gateway/apis"],
  ["apis-edit", "/gateway/apis/edit"],
  ["applications", "/gateway/applications"],
  ["plans", "/gateway/applications", "?tab=plans"],
  ["alerts", "/gateway/alerts"],
  ["alert-rules", "/gateway/alerts", "?tab=rules"],
  ["alert-rules-new", "/gateway/alerts", "?tab=rules&group=%2F"],
  ["new-launch", "/launches/new"],
  ["members", "/settings/members"],
  ["tokens", "/settings/tokens"],
  ["appearance", "/settings/appearance"],
  ["profile", "/settings/profile"],
  ["shortcuts", "/settings/shortcuts"],
  ["workspace", "/settings/workspace"],
  ["privacy", "/settings/privacy"],
  ["audit", "/settings/audit"],
  ["not-found", "/nowhere/at-all"],
];
/** Looked at where they belong: the first story, and without a session below. */
const elsewhere = ["/setup", "/sign-in"];

function pathOf(route: string, query = ""): string {
  const values: Record<string, string> = {
    launchId: made.launch.replace("/launches/", ""),
    issueId: made.issue_key,
    importId: made.import,
    traceId,
    personId: person,
  };
  return route.replace(/\$(\w+)/g, (_, name: string) => values[name] ?? name) + query;
}

/** The routes of the router that show a page of their own. */
function routesOfRouter(): string[] {
  const text = readFileSync(fileURLToPath(new URL("../../src/app/router.tsx", import.meta.url)), "utf8");
  const found = new Map<string, { parent: string; path: string; shows: boolean }>();
  for (const [, name = "", body = ""] of text.matchAll(/const (\w+) = createRoute\(\{([\s\S]*?)\n\}\);/g)) {
    found.set(name, {
      parent: /getParentRoute: \(\) => (\w+)/.exec(body)?.[1] ?? "",
      path: /\n {2}path: "([^"]*)"/.exec(body)?.[1] ?? "",
      shows: /component: pageCode/.test(body),
    });
  }
  const full = (name: string): string => {
    const r = found.get(name);
    return r ? `${full(r.parent)}${r.path === "/" ? "" : r.path}` : "";
  };
  const parents = new Set([...found.values()].map((r) => r.parent));
  return [...found].filter(([name, r]) => r.shows && !parents.has(name)).map(([name]) => full(name));
}

const routes = routesOfRouter();
const pages = all.filter(([name, route]) => routes.includes(route) || name === "not-found");

test("every route of the router is looked at", () => {
  expect(routes.length).toBeGreaterThan(14);
  const seen = new Set([...pages.map(([, route]) => route), ...elsewhere]);
  expect(routes.filter((r) => !seen.has(r))).toEqual([]);
});

const sizes = { 1440: desktop, 1024: tablet, 390: phone };

/** Looks at every page at a width, in each theme; the second theme of a page differs in its colours only. */
async function look(width: keyof typeof sizes, themes: Theme[]): Promise<string[]> {
  const { context, page } = await open(browser, { as: by, size: sizes[width] });
  const found: string[] = [];
  for (const [name, route, query] of pages) {
    await page.emulateMedia({ colorScheme: themes[0] });
    await page.goto(pathOf(route, query));
    await page.getByRole("heading").first().waitFor({ state: "attached" });
    for (const theme of themes) {
      const again = theme !== themes[0];
      if (again) await page.emulateMedia({ colorScheme: theme });
      await settled(page);
      await page.screenshot({ path: `${shots}/${name}-${theme}-${width}.png` });
      const wrong = await axe(page, [], undefined, again ? colours : undefined);
      found.push(...wrong.map((v) => `${name} in ${theme} at ${width}: ${v}`));
      if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
        found.push(`${name} in ${theme}: wider than the screen at ${width}`);
    }
    const nothing = (await page.getByRole("heading", { name: "Nothing here" }).count()) > 0;
    if (nothing !== (name === "not-found")) found.push(`${name}: leads nowhere`);
  }
  await context.close();
  return found;
}

describe("every page, without an axe violation and no wider than the screen", () => {
  test("at three widths, in both themes", async () => {
    const found = await Promise.all([
      look(1440, ["light", "dark"]),
      look(1024, ["light"]),
      look(390, ["dark", "light"]),
    ]);
    expect(found.flat()).toEqual([]);
  });

  test.each<Theme>(["light", "dark"])("at the door in %s", async (theme) => {
    for (const size of [desktop, phone]) {
      const { context, page } = await open(browser, { theme, size });
      await page.goto(made.launch);
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await settled(page);
      await page.screenshot({ path: `${shots}/sign-in-${theme}-${size.width}.png` });
      expect(await axe(page)).toEqual([]);
      await context.close();
    }
  });
});
