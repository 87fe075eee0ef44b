/** How workers tell each other what came before each tuple in its flow: tuples of one flow may lie with several of them. */

import type { Pool } from "./pool";

/** A portion has about so many flows, or what is handed over at once makes the page stumble. */
const FLOWS_OF_PORTION = 100_000;

/** Bits of a Bloom filter for each tuple: the flows of one of two workers have eight to sixteen each, mostly. */
const BITS_OF_TUPLE = 4;

/** True where all workers know it in the end; false where it is no longer of use, which `isOver` tells. */
export async function tellPasts(pool: Pool, tuples: number, isOver: () => boolean): Promise<boolean> {
  if (!(await pool.all((worker) => worker.call("findPasts", []))).every(Boolean)) return false;
  // What the workers gave to each other, shared out by one of them; null where it is no longer of use.
  const sharedOut = async (
    method: "shareOutBlooms" | "shareOutPasts" | "shareOutTimes",
    by: number,
    found: (Uint8Array | null)[],
  ): Promise<Uint8Array[] | null> => {
    const all = found.filter((part) => part !== null);
    if (isOver() || all.length < pool.size) return null;
    const shares = await (await pool.at(by)).call(method, [all], all.map(({ buffer }) => buffer as ArrayBuffer));
    return isOver() ? null : shares;
  };
  const sizeBits = Math.ceil(Math.log2(tuples * BITS_OF_TUPLE + 1));
  const blooms = await sharedOut("shareOutBlooms", 0, await pool.all((worker) => worker.call("bloomOfPasts", [sizeBits])));
  if (blooms === null) return false;
  const flows = await pool.all((worker, number) => worker.call("keepBloom", [blooms[number] ?? new Uint8Array()]));
  const count = Math.max(1, Math.ceil(flows.reduce((sum, own) => sum + own, 0) / FLOWS_OF_PORTION));
  for (let first = 0; first < count; first += pool.size) {
    const portions = Array.from({ length: Math.min(pool.size, count - first) }, (_, place) => first + place);
    // Each by another worker, side by side; workers keep them one after the other.
    const shared = await Promise.all(
      portions.map(async (portion, by) =>
        sharedOut("shareOutPasts", by, await pool.all((worker) => worker.call("foundPasts", [portion, count]))),
      ),
    );
    for (const [place, portion] of portions.entries()) {
      const shares = shared[place];
      if (shares == null) return false;
      await pool.all((worker, number) => worker.call("keepPasts", [portion, count, shares[number] ?? new Uint8Array()]));
    }
  }
  const ordered = await sharedOut("shareOutTimes", 0, await pool.all((worker) => worker.call("findTimes", [])));
  if (ordered === null) return false;
  const told = await pool.all((worker, number) => worker.call("tellPasts", [ordered[number] ?? new Uint8Array()]));
  return !isOver() && told.every(Boolean);
}
