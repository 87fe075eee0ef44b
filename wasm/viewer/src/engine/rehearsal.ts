/**
 * The rehearsal: a made-up log is read and asked about before the first drop. Browsers translate a module's functions in haste, and
 * those that run often once more with care, for all workers at once: a drop should find that done.
 */

import type { Engine } from "./protocol";

/** What the first view asks, as far as it runs functions of its own; findings look at what they are made of. */
const ANALYSES = ["summary", "top", "timeline", "rules", "matrix", "conversations", "findings"];

/** The later ones ask of what the first one made ready, but for a window of time, which looks at rows. */
const FILTERS = ["", "tcp and not port 53", "udp", "time > 2023-11-14T22:20Z"];

/** With fewer tuples functions would not run often enough; more of them would bring little. */
const TUPLES = 800;
const NICS = 25;
const FILES = 8;

/** Connections of some hosts over an hour, each told of four times, at every NIC; two files are of the same NICs, one hour and the next. */
function madeUp(file: number): Blob {
  const from = 1.7e12 + (file % 2) * 3.6e6;
  const tuples = Array.from({ length: TUPLES }, (_, tuple) => {
    const flow = tuple >> 2;
    return `"${from + tuple * 4000},10.0.0.${flow},10.1.${flow % 9}.${flow % 40},${1024 + flow},${flow % 4},6,O,${"BCCE"[tuple % 4]},NX,${flow},${tuple},3,${flow}"`;
  });
  const flows = `","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"r","flowTuples":[${tuples.join()}]}]}]}}\n`;
  const mac = (nic: number): string => `00224871${1000 + (file >> 1) * NICS + nic}`;
  return new Blob(Array.from({ length: NICS }, (_, nic) => `{"time":"2024-05-01T10:00:00Z","macAddress":"${mac(nic)}${flows}`));
}

/** Reads and asks; resolves when all is answered. */
export async function rehearse(engine: Engine): Promise<void> {
  // Once its workers are there, so that the page need not share a processor with them.
  await engine.check("");
  await engine.open(Array.from({ length: FILES }, (_, file) => ({ path: "", file: madeUp(file) })));
  for (const filter of FILTERS) {
    await engine.setQuery({ filter, vantage: "all" });
    await Promise.all(ANALYSES.map((analysis) => engine.ask({ analysis })));
  }
}
