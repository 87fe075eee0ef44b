/** The packed modules of the single file: texts inside it, as a page from disk may not fetch. */

import demoText from "../../../pkg/demo/demo_bg.wasm?packed";
import mainText from "../../../pkg/worker/vnetflow_bg.wasm?packed";
import { decode } from "./base85";

const texts = { main: mainText, demo: demoText };

/** Gives one of the modules. */
export function packedModule(name: keyof typeof texts): Promise<Uint8Array<ArrayBuffer>> {
  return Promise.resolve(decode(texts[name]));
}
