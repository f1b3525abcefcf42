// Builds the widget (../widget) into ../widget/dist, where the Go binary embeds it: w.js, which every page
// loads, and what comes when somebody asks for it: a language, screenshots. The files are served under the
// digest of all of them, so that an address never changes its content. Checks the budgets of both.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const at = (path) => fileURLToPath(new URL(`../../widget/${path}`, import.meta.url));
const dist = at("dist/");
const budget = { core: 8_000, shot: 90_000, language: 1_500 }; // bytes of gzip -9
const placeholder = "0".repeat(12);

mkdirSync(dist, { recursive: true });
for (const name of readdirSync(dist)) if (name !== ".gitkeep") rmSync(dist + name, { recursive: true });

/** One run of the bundler, as a library: nothing of the page is preloaded or polyfilled. */
const bundle = (entry, format) =>
  build({
    configFile: false,
    root: at(""),
    logLevel: "warn",
    publicDir: false,
    define: { VERSION: JSON.stringify(placeholder) },
    resolve: {
      alias: { "@zumer/snapdom": fileURLToPath(new URL("../node_modules/@zumer/snapdom", import.meta.url)) },
    },
    build: {
      target: "es2022",
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      outDir: dist,
      emptyOutDir: false,
      reportCompressedSize: false,
      minify: true,
      lib: { entry, formats: [format], name: "hypercareWidget", fileName: (_, name) => `${name}.js` },
      rolldownOptions: { output: { chunkFileNames: "[name].js", minify: true } },
    },
  });

const words = readdirSync(at("src/words")).map((f) => f.replace(/\.ts$/, ""));
await bundle(
  { shot: at("src/shot.ts"), ...Object.fromEntries(words.map((w) => [w, at(`src/words/${w}.ts`)])) },
  "es",
);
await bundle({ w: at("src/core.ts") }, "iife");
await bundle({ sample: at("src/sample.ts") }, "iife");

const files = readdirSync(dist).filter((f) => f.endsWith(".js"));
const digest = createHash("sha256");
for (const f of files.sort()) digest.update(f).update(readFileSync(dist + f));
const version = digest.digest("hex").slice(0, 12);

const size = {};
for (const f of files) {
  const text = readFileSync(dist + f, "utf8").replaceAll(placeholder, version);
  const body = Buffer.from(text);
  const gz = gzipSync(body, { level: 9 });
  writeFileSync(dist + f, body);
  writeFileSync(`${dist + f}.gz`, gz);
  writeFileSync(
    `${dist + f}.br`,
    brotliCompressSync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  );
  size[f] = gz.length;
}
writeFileSync(`${dist}version`, version);

const language = Math.max(...words.map((w) => size[`${w}.js`]));
const shot = Object.entries(size)
  .filter(([f]) => !["w.js", "sample.js", ...words.map((w) => `${w}.js`)].includes(f))
  .reduce((n, [, b]) => n + b, 0);
let over = 0;
for (const [name, bytes, most] of [
  ["widget, core", size["w.js"], budget.core],
  ["widget, screenshots", shot, budget.shot],
  ["widget, a language", language, budget.language],
]) {
  if (bytes > most) over++;
  console.log(
    `${bytes > most ? "OVER" : "ok  "} ${(bytes / 1000).toFixed(1).padStart(7)} kB of ${most / 1000}  ${name}`,
  );
}
if (over) process.exit(1);
