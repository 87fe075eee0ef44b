/** How the viewer is built: a static site, or with `--mode single` one HTML file that opens from disk. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { offline } from "./build/offline.ts";
import { strictPolicy } from "./build/policy.ts";
import { encode } from "./src/engine/base85.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `file?packed` is the file as text: packed, so that two thirds of it need no room. */
const packed: Plugin = {
  name: "packed",
  enforce: "pre",
  load(id) {
    const [path = "", query] = id.split("?");
    if (query !== "packed") return null;
    return `export default ${JSON.stringify(encode(gzipSync(readFileSync(path), { level: 9 })))};`;
  },
};

export default defineConfig(({ mode }) => {
  const isSingle = mode === "single";
  return {
    base: "./",
    plugins: [packed, svelte(), ...(isSingle ? [viteSingleFile({ removeViteModuleLoader: true }), strictPolicy(here("dist-single"))] : [offline()])],
    resolve: {
      alias: {
        // A page from disk may not fetch, and its workers must be inline.
        $module: here(isSingle ? "src/engine/module-inline.ts" : "src/engine/module-hosted.ts"),
        $worker: here(isSingle ? "src/engine/worker-inline.ts" : "src/engine/worker-hosted.ts"),
      },
    },
    worker: { format: isSingle ? ("iife" as const) : ("es" as const) },
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
