/** How the viewer is built: a static site, or with `--mode single` one HTML file that opens from disk. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { offline } from "./build/offline.ts";
import { packed } from "./build/packed.ts";
import { strictPolicy } from "./build/policy.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode, command }) => {
  const isSingle = mode === "single";
  // While developing, no files are written.
  const isInline = isSingle || command === "serve";
  return {
    base: "./",
    plugins: [packed({ inline: isInline }), svelte(), ...(isSingle ? [viteSingleFile({ removeViteModuleLoader: true }), strictPolicy(here("dist-single"))] : [offline()])],
    resolve: {
      alias: {
        // A page from disk may not fetch, and its workers must be inline.
        $module: here(isInline ? "src/engine/module-inline.ts" : "src/engine/module-hosted.ts"),
        $worker: here(isSingle ? "src/engine/worker-inline.ts" : "src/engine/worker-hosted.ts"),
      },
    },
    worker: { format: isSingle ? ("iife" as const) : ("es" as const), plugins: () => [packed({ inline: isInline })] },
    build: {
      target: "es2022",
      outDir: isSingle ? "dist-single" : "dist",
      emptyOutDir: true,
      assetsInlineLimit: isSingle ? Number.MAX_SAFE_INTEGER : 0,
      modulePreload: { polyfill: false },
    },
    server: { fs: { allow: [here("..")] } },
    test: { include: ["test/unit/**/*.test.ts"] },
  };
});
