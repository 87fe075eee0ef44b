/** Builds the engine's test page as the static site is built. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { packed } from "../../build/packed.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [packed({ inline: false })],
  resolve: {
    alias: { $module: here("../../src/engine/module-hosted.ts"), $worker: here("../../src/engine/worker-hosted.ts") },
  },
  worker: { format: "es", plugins: () => [packed({ inline: false })] },
  build: {
    target: "es2022",
    outDir: here("../../dist-engine"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: here("engine.html") },
  },
});
