/** How workers tell each other what came before each tuple in its flow: tuples of one flow may lie with several of them. */

import type { Pool } from "./pool";

/** In so many portions workers tell each other of their flows: one of them holds the flows of a portion, not all at once. */
const PORTIONS = 8;

/** True where all workers know it in the end; false where it is no longer of use, which `isOver` tells. */
export async function tellPasts(pool: Pool, isOver: () => boolean): Promise<boolean> {
  if (!(await pool.all((worker) => worker.call("findPasts", []))).every(Boolean)) return false;
  // What the workers gave to each other, shared out by one of them; null where it is no longer of use.
  const sharedOut = async (
    method: "shareOutPasts" | "shareOutTimes",
    by: number,
    found: (Uint8Array | null)[],
  ): Promise<Uint8Array[] | null> => {
    const all = found.filter((part) => part !== null);
    if (isOver() || all.length < pool.size) return null;
    const shares = await (await pool.at(by)).call(method, [all], all.map(({ buffer }) => buffer as ArrayBuffer));
    return isOver() ? null : shares;
  };
  for (let first = 0; first < PORTIONS; first += pool.size) {
    const portions = Array.from({ length: Math.min(pool.size, PORTIONS - first) }, (_, place) => first + place);
    // Each by another worker, side by side; workers keep them one after the other.
    const shared = await Promise.all(
      portions.map(async (portion, by) =>
        sharedOut("shareOutPasts", by, await pool.all((worker) => worker.call("foundPasts", [portion, PORTIONS]))),
      ),
    );
    for (const [place, portion] of portions.entries()) {
      const shares = shared[place];
      if (shares == null) return false;
      await pool.all((worker, number) => worker.call("keepPasts", [portion, PORTIONS, shares[number] ?? new Uint8Array()]));
    }
  }
  const ordered = await sharedOut("shareOutTimes", 0, await pool.all((worker) => worker.call("findTimes", [])));
  if (ordered === null) return false;
  const told = await pool.all((worker, number) => worker.call("tellPasts", [ordered[number] ?? new Uint8Array()]));
  return !isOver() && told.every(Boolean);
}
