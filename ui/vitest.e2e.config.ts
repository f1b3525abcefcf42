import { defineConfig } from "vitest/config";

// Stories share one server and one workspace, so they run in order, one after another.
export default defineConfig({
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    include: ["e2e/**/*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { shuffle: false, concurrent: false },
    testTimeout: 240_000,
    hookTimeout: 60_000,
    bail: 1,
  },
});
