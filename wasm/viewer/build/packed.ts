/**
 * `file?packed` is that file packed with LZMA, a quarter smaller than with gzip: its address, or in a single page a text.
 *
 * Browsers unpack gzip themselves, but no page may count on its server to pack anything.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { compress } from "lzma1";
import type { Plugin } from "vite";
import { encode } from "../src/engine/base85.ts";

/** The module is smaller than this one's dictionary; larger ones only take memory. */
const MODE = 5;

/** What the package's entry also brings, its packer, no page needs. */
const PARTS = /^lzma1\/lib\//;

export function packed({ inline }: { inline: boolean }): Plugin {
  return {
    name: "packed",
    enforce: "pre",
    resolveId: (id) => (PARTS.test(id) ? fileURLToPath(new URL(`../node_modules/${id}`, import.meta.url)) : null),
    load(id) {
      const [path = "", query] = id.split("?");
      if (query !== "packed") return null;
      const source = compress(readFileSync(path), MODE);
      if (inline) return `export default ${JSON.stringify(encode(source))};`;
      const file = this.emitFile({ type: "asset", name: `${basename(path)}.lzma`, source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
