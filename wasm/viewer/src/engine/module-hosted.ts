/** The compiled modules of the static site: files beside the page. */

import mainUrl from "../../../pkg/worker/vnetflow_bg.wasm?url&no-inline";
import demoUrl from "../../../pkg/demo/demo_bg.wasm?url&no-inline";

const urls = { main: mainUrl, demo: demoUrl };

/** Fetches and compiles one of the modules. */
export async function compiled(name: keyof typeof urls): Promise<WebAssembly.Module> {
  const response = await fetch(urls[name]);
  if (!response.ok) throw new Error(`the module could not be loaded: ${response.status}`);
  // A server that does not know wasm's type makes streaming fail.
  if (response.headers.get("content-type") !== "application/wasm") return WebAssembly.compile(await response.arrayBuffer());
  return WebAssembly.compileStreaming(response);
}
