/** Tables on their way between threads: texts in one string each, which copies and unpacks fast. */

import type { Column, Table } from "./protocol";

/** A column as a worker sends it. */
export type PackedColumn =
  | Exclude<Column, { type: "text" }>
  | { name: string; type: "text"; codes: Uint32Array; text: string; lengths: Uint32Array };

/** A table as a worker sends it. */
export interface PackedTable {
  rows: number;
  columns: PackedColumn[];
  notes: string[];
}

/** The table as the page sees it. */
export function unpack(table: PackedTable): Table {
  return { ...table, columns: table.columns.map(unpackColumn) };
}

function unpackColumn(column: PackedColumn): Column {
  if (column.type !== "text") return column;
  const { name, codes, text, lengths } = column;
  const dictionary = new Array<string>(lengths.length);
  let at = 0;
  for (let place = 0; place < lengths.length; place++) {
    const end = at + (lengths[place] ?? 0);
    dictionary[place] = text.slice(at, end);
    at = end;
  }
  return { name, type: "text", codes, dictionary };
}

/** The buffers of a table, to be moved. */
export function buffersOf(table: PackedTable): Transferable[] {
  return table.columns.flatMap((column) => {
    if (column.type === "text") return [column.codes.buffer, column.lengths.buffer];
    return column.type === "number" || column.type === "time" ? [column.values.buffer] : [];
  });
}

/** The value of a cell; null where it is null. */
export function cell(column: Column, row: number): string | number | bigint | boolean | number[] | null {
  if (column.type === "text") return column.dictionary[column.codes[row] ?? Number.MAX_SAFE_INTEGER] ?? null;
  const value = column.values[row] ?? null;
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}

/**
 * The rows of several tables with the same columns as one table, in the order of `picks`: the number of a table and of
 * a row in it.
 */
export function interleaved(tables: Table[], picks: readonly (readonly [table: number, row: number])[]): Table {
  const first = tables.find((table) => table.rows > 0) ?? tables[0];
  if (first === undefined) return { rows: 0, columns: [], notes: [] };
  const columns = first.columns.map((column, place): Column => {
    const values = picks.map(([table, row]) => {
      const from = tables[table]?.columns[place];
      return from === undefined ? null : cell(from, row);
    });
    const { name } = column;
    switch (column.type) {
      case "text": {
        const known = new Map<string, number>();
        const codes = Uint32Array.from(values, (value) => {
          if (typeof value !== "string") return 0xffffffff;
          const code = known.get(value) ?? known.size;
          known.set(value, code);
          return code;
        });
        return { name, type: "text", codes, dictionary: [...known.keys()] };
      }
      case "boolean":
        return { name, type: "boolean", values: values.map((value) => (typeof value === "boolean" ? value : null)) };
      case "numbers":
        return { name, type: "numbers", values: values.map((value) => (Array.isArray(value) ? value : [])) };
      case "time":
        return { name, type: "time", values: Float64Array.from(values, (value) => (typeof value === "number" ? value : NaN)) };
      default:
        if (values.some((value) => typeof value === "bigint")) {
          const bigints = values.map((value) =>
            typeof value === "bigint" ? value : typeof value === "number" ? BigInt(value) : null,
          );
          return { name, type: "bigint", values: bigints };
        }
        return { name, type: "number", values: Float64Array.from(values, (value) => (typeof value === "number" ? value : NaN)) };
    }
  });
  return { rows: picks.length, columns, notes: tables.flatMap((table) => table.notes) };
}
