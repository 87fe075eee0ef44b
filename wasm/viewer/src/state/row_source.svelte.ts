/** Where a table's rows come from: an answer that is all here, in an order of one's choice. */

import type { Table } from "../engine/protocol";
import { columnOf, orderBy, valueAt, type Value } from "./table";

export interface Sort {
  column: string;
  descending: boolean;
}

/** Rows by number; what a virtual table needs. */
export interface RowSource {
  readonly total: number;
  /** Undefined where the row is not here yet. */
  value(row: number, column: string): Value | undefined;
  /** Says which rows are going to be shown. */
  want?(from: number, to: number): void;
}

/** The rows of an answer. */
export class TableRows implements RowSource {
  readonly table: Table;
  readonly #order: Uint32Array | null;

  constructor(table: Table, sort: Sort | null) {
    this.table = table;
    this.#order = sort === null ? null : orderBy(table, sort.column, sort.descending);
  }

  get total(): number {
    return this.table.rows;
  }

  /** The row's number in the answer. */
  row(row: number): number {
    return this.#order?.[row] ?? row;
  }

  value(row: number, column: string): Value {
    return valueAt(columnOf(this.table, column), this.row(row));
  }
}
