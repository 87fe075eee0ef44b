/** The compiled modules of the single file: packed texts inside it, as a page from disk may not fetch. */

import mainPacked from "../../../pkg/worker/vnetflow_bg.wasm?packed";
import demoPacked from "../../../pkg/demo/demo_bg.wasm?packed";
import { decode } from "./base85";

const packed = { main: mainPacked, demo: demoPacked };

/** Unpacks and compiles one of the modules. */
export async function compiled(name: keyof typeof packed): Promise<WebAssembly.Module> {
  const unpacked = new Blob([decode(packed[name])]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(unpacked).arrayBuffer());
}
