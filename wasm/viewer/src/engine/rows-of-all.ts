/** Rows of all workers in one order: as the files have them, or by a column. */

import { interleaved, unpack } from "./packed";
import type { Pool } from "./pool";
import type { Rows, RowsQuestion } from "./protocol";
import type { View } from "./worker-asking";

/** A row where it is: the worker, and its number among the worker's rows that are kept. */
export type RowAt = readonly [worker: number, number: number];

/** Rows of a worker that follow each other in a source. */
export interface PlacedRun {
  worker: number;
  /** Number among the worker's runs. */
  run: number;
  /** Number of its first row among the worker's rows that are kept. */
  first: number;
  count: number;
}

/** Every so manieth value of a worker's order is known here. */
const SAMPLE_ROWS = 2048;

/** What a column's values are compared by. */
type Value = number | bigint | string | null;

interface Sorted {
  key: string;
  counts: number[];
  /** Of each worker. */
  samples: Value[][];
}

export class RowsOfAll {
  private sorted: Sorted | null = null;

  constructor(
    private readonly pool: Pool,
    private readonly orderOf: (place: number) => number[],
  ) {}

  /** All runs in the order of files. */
  async runs(view: View): Promise<PlacedRun[]> {
    const all = await this.pool.all((worker) => worker.call("runs", [view]));
    const runs = all.flatMap((numbers, worker) => {
      let first = 0;
      return Array.from({ length: numbers.length / 3 }, (_, run) => {
        const [place = 0, base = 0, count = 0] = numbers.subarray(run * 3, run * 3 + 3);
        const placed = { worker, run, first, count, order: [...this.orderOf(place), base, run] };
        first += count;
        return placed;
      });
    });
    return runs.sort((one, other) => compareLists(one.order, other.order));
  }

  /** Which rows stand at these places. */
  async find(question: RowsQuestion, view: View): Promise<{ total: number; rows: RowAt[] }> {
    return question.sort === undefined ? this.byFile(question, view) : this.byColumn(question, question.sort, view);
  }

  /** The rows' cells. */
  async cells(rows: RowAt[], total: number, columns: string[], view: View): Promise<Rows> {
    const numbers: number[][] = Array.from({ length: this.pool.size }, () => []);
    const picks = rows.map(([worker, number]) => {
      const own = numbers[worker] ?? [];
      own.push(number);
      return [worker, own.length - 1] as const;
    });
    const packed = await this.pool.all((worker, place) => worker.call("rowsAt", [view, Uint32Array.from(numbers[place] ?? []), columns]));
    return { total, table: interleaved(packed.map(unpack), picks) };
  }

  private async byFile({ from, count }: RowsQuestion, view: View): Promise<{ total: number; rows: RowAt[] }> {
    const runs = await this.runs(view);
    const rows: RowAt[] = [];
    let total = 0;
    for (const run of runs) {
      const start = Math.max(from, total);
      const end = Math.min(from + count, total + run.count);
      for (let row = start; row < end; row++) rows.push([run.worker, run.first + row - total]);
      total += run.count;
    }
    return { total, rows };
  }

  private async byColumn(
    { from, count }: RowsQuestion,
    { column, descending }: { column: string; descending: boolean },
    view: View,
  ): Promise<{ total: number; rows: RowAt[] }> {
    const sorted = await this.sort(view, column, descending);
    const before = (one: Value, other: Value): boolean => isBefore(one, other, descending);
    const total = sorted.counts.reduce((sum, own) => sum + own, 0);
    const wanted = Math.min(count, Math.max(0, total - from));
    if (wanted === 0) return { total, rows: [] };
    const starts = lowerBounds(sorted.samples, from, before);
    const skipped = starts.reduce((sum, start) => sum + start, 0);
    // All that could be among the wanted rows, of each worker.
    const reach = from - skipped + wanted;
    const candidates = await this.pool.all(async (worker, number) => {
      const start = starts[number] ?? 0;
      const end = Math.min(sorted.counts[number] ?? 0, start + reach);
      const places = Uint32Array.from({ length: Math.max(0, end - start) }, (_, place) => start + place);
      const [values, rows] = await Promise.all([worker.call("sortedValues", [places]), worker.call("sortedRows", [start, Math.max(start, end)])]);
      return { values: values as Value[], rows };
    });
    const heads = candidates.map(() => 0);
    const rows: RowAt[] = [];
    for (let place = skipped; place < from + wanted; place++) {
      let best = -1;
      candidates.forEach(({ values }, worker) => {
        const head = heads[worker] ?? 0;
        if (head >= values.length) return;
        const known = candidates[best]?.values[heads[best] ?? 0];
        if (best < 0 || before(values[head] ?? null, known ?? null)) best = worker;
      });
      const head = heads[best] ?? 0;
      heads[best] = head + 1;
      if (place >= from) rows.push([best, candidates[best]?.rows[head] ?? 0]);
    }
    return { total, rows };
  }

  private async sort(view: View, column: string, descending: boolean): Promise<Sorted> {
    const key = JSON.stringify([view, column, descending]);
    const counts = await this.pool.all((worker) => worker.call("sort", [view, column, descending]));
    const known = this.sorted;
    if (known?.key === key && known.counts.every((count, worker) => count === counts[worker])) return known;
    const samples = await this.pool.all(async (worker, number) => {
      const length = Math.ceil((counts[number] ?? 0) / SAMPLE_ROWS);
      return (await worker.call("sortedValues", [Uint32Array.from({ length }, (_, place) => place * SAMPLE_ROWS)])) as Value[];
    });
    this.sorted = { key, counts, samples };
    return this.sorted;
  }
}

/** For each worker how many of its first rows surely stand before the place `from` of all. */
export function lowerBounds(samples: Value[][], from: number, before: (one: Value, other: Value) => boolean): number[] {
  // A sample stands for the rows up to the next one; taking the smallest next sample never takes a row too many.
  const starts = samples.map(() => 0);
  let taken = 0;
  while (taken + SAMPLE_ROWS * (samples.length + 1) <= from) {
    let best = -1;
    samples.forEach((own, worker) => {
      const next = (starts[worker] ?? 0) / SAMPLE_ROWS + 1;
      const value = own[next];
      if (value === undefined) return;
      const known = samples[best]?.[(starts[best] ?? 0) / SAMPLE_ROWS + 1];
      if (best < 0 || before(value, known ?? null)) best = worker;
    });
    if (best < 0) break;
    starts[best] = (starts[best] ?? 0) + SAMPLE_ROWS;
    taken += SAMPLE_ROWS;
  }
  return starts;
}

/** Null is last, whichever way is up. */
function isBefore(one: Value, other: Value, descending: boolean): boolean {
  if (one === null || other === null) return one !== null;
  return descending ? one > other : one < other;
}

function compareLists(one: number[], other: number[]): number {
  for (let place = 0; place < one.length; place++) {
    const difference = (one[place] ?? 0) - (other[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
