import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Stories before gates: they want a server that has nothing else to do, and the large inbox leaves it busy.
const kinds = ["/stories/", "/gates/lighthouse", "/gates/"];
const kind = (file: TestSpecification) => kinds.findIndex((k) => file.moduleId.includes(k));

/** By kind and name: each file goes on with what the ones before it left. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => kind(a) - kind(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

// Stories share one server and one workspace, so they run in order, one after another. Gates and
// measurements are phases of their own on the same server: `vitest run --config … e2e/gates/NAME`.
export default defineConfig({
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    include: ["e2e/**/*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    sequence: { shuffle: false, concurrent: false, sequencer: ByName },
    testTimeout: 240_000,
    hookTimeout: 120_000,
    bail: 1,
  },
});
