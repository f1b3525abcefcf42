// Colours are tokens: a raw colour outside tokens.css is a mistake that breaks one of the themes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const raw = /#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgba?|hsla?|oklch|oklab)\(/i;
const comments = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
let bad = 0;
for (const name of readdirSync(src, { recursive: true })) {
  if (!/\.(tsx?|css)$/.test(name) || /tokens\.css$|\.gen\.ts$|\.test\./.test(name)) continue;
  const found = raw.exec(readFileSync(join(src, name), "utf8").replace(comments, ""));
  if (!found) continue;
  bad++;
  console.error(`src/${name}: raw colour ${found[0]}; use a token`);
}
process.exit(bad ? 1 : 0);
