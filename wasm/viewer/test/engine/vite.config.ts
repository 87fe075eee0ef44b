/** Builds the engine's test page as the static site is built. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  resolve: {
    alias: { $module: here("../../src/engine/module-hosted.ts"), $worker: here("../../src/engine/worker-hosted.ts") },
  },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: here("../../dist-engine"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: here("engine.html") },
  },
});
