import { expect, test } from "vitest";
import { known } from "./catalogue";
import { showKeys } from "./keys";

const pages: Record<string, string> = {
  "": "Everywhere",
  centre: "Command centre",
  feedback: "Inbox and report",
  issues: "Issues",
  issue: "Issue",
  board: "Board",
  decisions: "Decisions",
  calls: "Calls",
  routes: "Routes",
  rollouts: "Rollouts",
  apis: "APIs",
  applications: "Applications",
  alerts: "Alerts",
  evidence: "Behind a report",
  channels: "Channels",
  errors: "Errors",
  people: "People",
  person: "Person",
  shared: "Lists, reports and issues",
};

const cell = (keys: string): string =>
  showKeys(keys)
    .map((k) => `\`${k}\``)
    .join(" ");

/** The page of docs/ that lists every key, written from the registry: `npx vitest run -u` renews it. */
test("docs/reference/keys.md lists every key", async () => {
  const all = known();
  const lines = [
    "# Keys",
    "",
    "Written from the registry of actions; `?` shows those of the page you are on. Keys are changed, and single keys switched off, in Settings > Shortcuts. On macOS `Ctrl` is `⌘`.",
  ];
  for (const [place, title] of Object.entries(pages)) {
    const rows = new Map<string, string>();
    for (const a of all.filter((x) => x.place === place && x.scope !== "notice"))
      rows.set(a.keys.map(cell).join(" or "), a.label);
    if (rows.size === 0) continue;
    lines.push("", `## ${title}`, "", "| keys | does |", "| --- | --- |");
    for (const [keys, label] of rows) lines.push(`| ${keys} | ${label} |`);
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("../../../docs/reference/keys.md");
  expect(all.map((a) => a.place).filter((p) => !(p in pages))).toEqual([]);
});
