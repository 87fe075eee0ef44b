/** Unpacks what the build packed with LZMA. It takes some hundredths of a second, so only workers do it. */

import { Decoder } from "lzma1/lib/decoder.js";
import { InputBuffer, OutputBuffer } from "lzma1/lib/streams.js";

/** About how much larger a module is than packed. */
const GROWTH = 4;

export function unpacked(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const output = new OutputBuffer(packed.length * GROWTH);
  new Decoder().decompress(new InputBuffer(packed), output);
  return output.toArray();
}
