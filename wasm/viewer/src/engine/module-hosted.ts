/** The packed modules of the static site: files beside the page. */

import demoUrl from "../../../pkg/demo/demo_bg.wasm?packed";
import mainUrl from "../../../pkg/worker/vnetflow_bg.wasm?packed";

const urls = { main: mainUrl, demo: demoUrl };

/** Fetches one of the modules. */
export async function packedModule(name: keyof typeof urls): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(urls[name]);
  if (!response.ok) throw new Error(`the module could not be loaded: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
