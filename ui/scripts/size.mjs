// Checks the budgets of the build, in bytes of gzip -9: what the shell loads before its first paint, what
// each page and each part that comes later adds, and the style sheet. Reads .vite/manifest.json, which names
// what every chunk imports. No page is drawn without the words of one language, so the largest catalogue is
// part of the shell though it is imported by name.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = { shell: 190_000, page: 60_000, css: 20_000 };
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const sizes = new Map();
function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length);
  return sizes.get(file);
}

/** Files that a chunk brings with it, itself and all its static imports. */
function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) return [];
  seen.add(key);
  return [chunk.file, ...(chunk.imports ?? []).flatMap((k) => files(k, seen))];
}

const sum = (list) => list.reduce((n, f) => n + size(f), 0);
const entry = Object.keys(manifest).find((k) => manifest[k].isEntry);
const code = new Set(files(entry));
const words = Object.keys(manifest)
  .filter((k) => /^src\/i18n\/\w+\/index\.ts$/.test(k))
  .map((k) => files(k).filter((f) => !code.has(f)))
  .sort((a, b) => sum(b) - sum(a))[0];
if (!words) throw new Error("the build has no message catalogue of its own: src/i18n/*/index.ts");
const shell = new Set([...code, ...words]);
const css = [...new Set(Object.values(manifest).flatMap((c) => c.css ?? []))];

const rows = [["shell", sum([...shell]), budget.shell]];
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || key.startsWith("src/i18n/")) continue;
  const added = [...new Set(files(key))].filter((f) => !shell.has(f));
  rows.push([key.replace(/^src\//, ""), sum(added), budget.page]);
}
rows.push(["css", sum(css), budget.css]);

let over = 0;
for (const [name, bytes, most] of rows.sort((a, b) => b[1] - a[1])) {
  const bad = bytes > most;
  if (bad) over++;
  console.log(
    `${bad ? "OVER" : "ok  "} ${(bytes / 1000).toFixed(1).padStart(7)} kB of ${most / 1000}  ${name}`,
  );
}
if (over) {
  console.error(`${over} over budget`);
  process.exit(1);
}
