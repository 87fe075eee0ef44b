/** Reading the engine's tables: a value, a column, an order of rows. */

import type { Column, Table } from "../engine/protocol";

/** A value of a table as the page sees it; times are milliseconds since 1970 UTC. */
export type Value = string | number | bigint | boolean | number[] | null;

/** The column of that name. */
export function columnOf(table: Table | null | undefined, name: string): Column | undefined {
  return table?.columns.find((column) => column.name === name);
}

/** What stands in a row of a column; null where nothing does. */
export function valueAt(column: Column | undefined, row: number): Value {
  if (column === undefined) return null;
  switch (column.type) {
    case "number":
    case "time": {
      const value = column.values[row];
      return value === undefined || Number.isNaN(value) ? null : value;
    }
    case "text": {
      const code = column.codes[row];
      return code === undefined ? null : (column.dictionary[code] ?? null);
    }
    default:
      return column.values[row] ?? null;
  }
}

/** What stands in a row under a name. */
export function cell(table: Table | null | undefined, name: string, row: number): Value {
  return valueAt(columnOf(table, name), row);
}

/** The same as a number; null counts as null. */
export function numberAt(table: Table | null | undefined, name: string, row: number): number | null {
  return asNumber(cell(table, name, row));
}

/** The same as text. */
export function textAt(table: Table | null | undefined, name: string, row: number): string | null {
  const value = cell(table, name, row);
  return value === null ? null : String(value);
}

/** A value as a number for drawing and comparing. */
export function asNumber(value: Value | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return null;
}

/** Whether a row sums up the others, as `top` ends with: its keys are null, its share is not. */
export function isOthers(table: Table, row: number, keys: readonly string[]): boolean {
  return table.rows > 1 && row === table.rows - 1 && numberAt(table, "share", row) !== null && keys.every((key) => cell(table, key, row) === null);
}

/** The largest number of a column, `except` for one row; 0 where there is none. */
export function largest(table: Table | null | undefined, name: string, except = -1): number {
  const column = columnOf(table, name);
  let most = 0;
  if (column === undefined) return most;
  for (let row = 0; row < (table?.rows ?? 0); row++) if (row !== except) most = Math.max(most, asNumber(valueAt(column, row)) ?? 0);
  return most;
}

/** The sum of a column; null where no row has a value. */
export function sum(table: Table | null | undefined, name: string): number | null {
  const column = columnOf(table, name);
  let total: number | null = null;
  for (let row = 0; row < (table?.rows ?? 0); row++) {
    const value = asNumber(valueAt(column, row));
    if (value !== null) total = (total ?? 0) + value;
  }
  return total;
}

/** The rows' numbers in the order of a column; null comes last either way, equal rows keep their order. */
export function orderBy(table: Table, name: string, descending: boolean): Uint32Array {
  const order = Uint32Array.from({ length: table.rows }, (_, row) => row);
  const column = columnOf(table, name);
  if (column === undefined) return order;
  const values = Array.from(order, (row) => valueAt(column, row));
  return order.sort((a, b) => compare(values[a] ?? null, values[b] ?? null, descending) || a - b);
}

function compare(a: Value, b: Value, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const sign = descending ? -1 : 1;
  if (typeof a === "string" && typeof b === "string") return sign * compareText(a, b);
  if (Array.isArray(a) || Array.isArray(b)) return sign * compareText(String(a), String(b));
  return a < b ? -sign : a > b ? sign : 0;
}

function compareText(a: string, b: string): number {
  const [left, right] = [addressKey(a), addressKey(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** IPv4 addresses sort by their numbers, not by their digits. */
function addressKey(text: string): string {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text)
    ? text.split(".").map((part) => part.padStart(3, "0")).join(".")
    : text;
}

/** Some rows of a table, in the order given. */
export function pick(table: Table, rows: ArrayLike<number>): Table {
  const list = Array.from(rows);
  const columns = table.columns.map((column): Column => {
    switch (column.type) {
      case "number":
      case "time":
        return { ...column, values: Float64Array.from(list, (row) => column.values[row] ?? NaN) };
      case "text":
        return { ...column, codes: Uint32Array.from(list, (row) => column.codes[row] ?? 0xffffffff) };
      case "bigint":
        return { ...column, values: list.map((row) => column.values[row] ?? null) };
      case "boolean":
        return { ...column, values: list.map((row) => column.values[row] ?? null) };
      case "numbers":
        return { ...column, values: list.map((row) => column.values[row] ?? []) };
    }
  });
  return { rows: list.length, columns, notes: table.notes };
}
