/**
 * `file?packed` is that file packed with LZMA, a quarter smaller than with gzip: its address, or in a single page a text.
 *
 * Browsers unpack gzip themselves, but no page may count on its server to pack anything.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { encode } from "../src/engine/base85.ts";

/** The package's entry brings more than a page needs, and sets what a module is better packed with otherwise. */
const PARTS = /^lzma1\/lib\//;

const fileOf = (part: string): URL => new URL(`../node_modules/${part}`, import.meta.url);
const { Encoder } = (await import(fileOf("lzma1/lib/encoder.js").href)) as typeof import("lzma1/lib/encoder.js");
const { InputBuffer, OutputBuffer } = (await import(fileOf("lzma1/lib/streams.js").href)) as typeof import("lzma1/lib/streams.js");

/** A dictionary of 2 MiB holds a module whole; a larger one only takes memory. */
const MODE = { searchDepth: 21, filterStrength: 255, modeIndex: 1 };

/** For modules: their instructions are of any length, so where a byte stands tells nothing, and the one before it the more. */
class ModuleEncoder extends Encoder {
  override configure(mode: typeof MODE): void {
    super.configure(mode);
    this._posStateBits = 0;
    this._posStateMask = 0;
    this._numLiteralContextBits = 4;
  }
}

function compress(bytes: Uint8Array): Uint8Array {
  const output = new OutputBuffer(bytes.length);
  new ModuleEncoder().compress(new InputBuffer(bytes), output, MODE);
  return output.toArray();
}

export function packed({ inline }: { inline: boolean }): Plugin {
  return {
    name: "packed",
    enforce: "pre",
    resolveId: (id) => (PARTS.test(id) ? fileURLToPath(fileOf(id)) : null),
    load(id) {
      const [path = "", query] = id.split("?");
      if (query !== "packed") return null;
      const source = compress(readFileSync(path));
      if (inline) return `export default ${JSON.stringify(encode(source))};`;
      const file = this.emitFile({ type: "asset", name: `${basename(path)}.lzma`, source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
