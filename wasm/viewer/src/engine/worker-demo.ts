/** A worker that generates the demo network's logs, once. */

import { generateDemo, initSync } from "../../../pkg/demo/demo.js";
import { serve, type Port } from "./rpc";

export interface DemoApi {
  generate(module: WebAssembly.Module, hours: number, tuplesPerHour: number | null): { path: string; file: Blob }[];
}

const api: DemoApi = {
  generate(module, hours, tuplesPerHour) {
    initSync({ module });
    const parts = new Map<string, Uint8Array<ArrayBuffer>[]>();
    generateDemo(hours, tuplesPerHour ?? undefined, (path: string, bytes: Uint8Array<ArrayBuffer>) => {
      const known = parts.get(path);
      if (known === undefined) parts.set(path, [bytes]);
      else known.push(bytes);
    });
    return Array.from(parts, ([path, bytes]) => ({ path, file: new Blob(bytes) }));
  },
};

serve(self as unknown as Port, api);
