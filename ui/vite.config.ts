import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { actions } from "./scripts/actions.mjs";

// The built files are embedded in the Go binary (embed.go). In development the API is proxied to a
// running hypercare; HC_URL says where it listens.
const api = process.env.HC_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss(), actions()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  worker: { format: "es" },
  build: {
    target: "es2023",
    outDir: "dist",
    // Read by scripts/size.mjs; the folder starts with a dot and is not served.
    manifest: true,
    // dist/.gitkeep must stay: the Go build embeds the folder even when the UI was never built.
    emptyOutDir: false,
    // Only files under the limit become data: URLs, which the policy forbids for fonts and scripts.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  server: { port: 5173, proxy: { "/api": { target: api, changeOrigin: true } } },
});
