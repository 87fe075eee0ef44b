/** The rows of the flow table: asked for page by page as they come into sight, in any order. */

import type { Rows, RowsQuestion, Table } from "../engine/protocol";
import { Superseded } from "../engine/protocol";
import { app, messageOf } from "./app.svelte";
import type { RowSource, Sort } from "./row_source.svelte";
import { columnOf, valueAt, type Value } from "./table";

const PAGE = 256;
const MOST_PAGES = 40;

/** Rows of one filter, in one order, with some columns. */
export class PagedRows implements RowSource {
  #total = $state(0);
  #version = $state(0);
  error = $state<string | null>(null);
  isStale = $state(true);
  readonly #columns: string[];
  readonly #sort: Sort | null;
  readonly #pages = new Map<number, Table>();
  readonly #coming = new Set<number>();
  #isGone = false;

  constructor(columns: string[], sort: Sort | null, total: number) {
    [this.#columns, this.#sort] = [columns, sort];
    this.#total = total;
    void this.#load(0);
  }

  get total(): number {
    return this.#total;
  }

  value(row: number, column: string): Value | undefined {
    void this.#version;
    const page = this.#pages.get(Math.floor(row / PAGE));
    return page === undefined ? undefined : valueAt(columnOf(page, column), row % PAGE);
  }

  want(from: number, to: number): void {
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) void this.#load(page);
  }

  /** Nobody looks any more. */
  leave(): void {
    this.#isGone = true;
  }

  question(from: number, count: number): RowsQuestion {
    return { columns: this.#columns, from, count, ...(this.#sort === null ? {} : { sort: this.#sort }) };
  }

  async #load(page: number): Promise<void> {
    if (this.#pages.has(page) || this.#coming.has(page)) return;
    this.#coming.add(page);
    try {
      const answer: Rows = await app.engine.rows(this.question(page * PAGE, PAGE));
      if (this.#isGone) return;
      this.#pages.set(page, answer.table);
      const oldest = this.#pages.keys().next().value;
      if (this.#pages.size > MOST_PAGES && oldest !== undefined) this.#pages.delete(oldest);
      this.#total = answer.total;
      this.error = null;
      this.isStale = false;
      this.#version++;
    } catch (error) {
      if (!(error instanceof Superseded)) this.error = messageOf(error);
    } finally {
      this.#coming.delete(page);
    }
  }
}
