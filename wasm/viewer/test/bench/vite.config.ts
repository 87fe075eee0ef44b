/** Builds the benchmark's driver for Node. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({ build: { ssr: here("bench.ts"), outDir: here("../../dist-bench"), emptyOutDir: true, target: "node20" } });
