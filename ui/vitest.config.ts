import { defineConfig } from "vitest/config";
import { actions } from "./scripts/actions.mjs";

export default defineConfig({
  plugins: [actions()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    include: ["src/**/*.test.ts", "../widget/src/**/*.test.ts"],
    environment: "node",
    setupFiles: ["src/i18n/setup.ts"],
  },
});
