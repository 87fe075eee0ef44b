/**
 * The rehearsal: a made-up log is read and asked about before the first drop. Browsers translate a module's functions in haste, and
 * those that run often once more with care, for all workers at once: a drop should find that done.
 */

import type { Engine } from "./protocol";
import { lookUp } from "./turns";

/** What the first view asks, as far as it runs functions of its own; findings look at what they are made of. */
const ANALYSES = ["summary", "top", "timeline", "rules", "matrix", "conversations", "findings"];

/** The later ones ask of what the first one made ready, but for a window of time, which looks at rows. */
const FILTERS = ["", "tcp and not port 53", "udp", "time > 2023-11-14T22:20Z"];

/** With fewer tuples functions would not run often enough; more of them would bring little. */
const TUPLES = 800;
const NICS = 25;
const FILES = 8;

/** Connections of some hosts over an hour, each told of four times, as every NIC tells of them. As bytes: texts take longer to put together. */
function hour(from: number): Uint8Array<ArrayBuffer> {
  const tuples = Array.from({ length: TUPLES }, (_, tuple) => {
    const flow = tuple >> 2;
    return `"${from + tuple * 4000},10.0.0.${flow},10.1.${flow % 9}.${flow % 40},${1024 + flow},${flow % 4},6,O,${"BCCE"[tuple % 4]},NX,${flow},${tuple},3,${flow}"`;
  });
  return new TextEncoder().encode(`","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"r","flowTuples":[${tuples.join()}]}]}]}}\n`);
}

/** Two files each are of the same NICs, one hour and the next. The page lives on between them: each takes it milliseconds. */
async function madeUp(): Promise<Blob[]> {
  const [first, next] = [hour(1.7e12), hour(1.7e12 + 3.6e6)];
  const files: Blob[] = [];
  for (let file = 0; file < FILES; file++) {
    await lookUp();
    const record = (_: unknown, nic: number): BlobPart[] => {
      const mac = `00224871${1000 + (file >> 1) * NICS + nic}`;
      return [`{"time":"2024-05-01T10:00:00Z","macAddress":"${mac}`, file % 2 === 0 ? first : next];
    };
    files.push(new Blob(Array.from({ length: NICS }, record).flat()));
  }
  return files;
}

/** Reads and asks; resolves when all is answered. */
export async function rehearse(engine: Engine): Promise<void> {
  // Once its workers are there, so that the page need not share a processor with them.
  await engine.check("");
  await engine.open((await madeUp()).map((file) => ({ path: "", file })));
  for (const filter of FILTERS) {
    await engine.setQuery({ filter, vantage: "all" });
    await Promise.all(ANALYSES.map((analysis) => engine.ask({ analysis })));
  }
}
