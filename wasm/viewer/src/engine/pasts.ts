/** How workers tell each other what came before each tuple in its flow: tuples of one flow may lie with several of them. */

import type { Pool } from "./pool";

/** Workers tell each other of their flows in portions: one of them holds the flows of a portion, not all at once. */
const FEWEST_PORTIONS = 8;

/** A portion's flows have about so many tuples, or what is handed over at once makes the page stumble. */
const TUPLES_OF_PORTION = 800_000;

/** True where all workers know it in the end; false where it is no longer of use, which `isOver` tells. */
export async function tellPasts(pool: Pool, tuples: number, isOver: () => boolean): Promise<boolean> {
  const count = Math.max(FEWEST_PORTIONS, Math.ceil(tuples / TUPLES_OF_PORTION));
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
