/** All filtered rows as a file: workers write their runs, the page only strings them together. */

import { cell, unpack } from "./packed";
import type { Pool } from "./pool";
import type { Column } from "./protocol";
import type { RowsOfAll } from "./rows-of-all";
import type { View } from "./worker-asking";

/** The rows as CSV or NDJSON. */
export async function textOfRows(pool: Pool, rows: RowsOfAll, view: View, format: "csv" | "ndjson", columns: string[]): Promise<Blob> {
  const runs = (await rows.runs(view)).filter(({ count }) => count > 0);
  const parts: BlobPart[] = format === "csv" ? [`${columns.join(",")}\n`] : [];
  for (const { worker, run } of runs) {
    const bytes = await (await pool.at(worker)).call("writeRun", [view, run, format, columns]);
    // As a blob of its own the browser may keep it on disk.
    parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  }
  return new Blob(parts, { type: format === "csv" ? "text/csv" : "application/x-ndjson" });
}

/** Parquet's types of columns; counters are 64 bits wide. */
const WIDE = /^(?:packets|bytes)_|^offset$/;

/** The rows as Parquet. */
export async function parquetOfRows(pool: Pool, rows: RowsOfAll, view: View, columns: string[]): Promise<Blob> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const runs = (await rows.runs(view)).filter(({ count }) => count > 0);
  const collected = columns.map((): unknown[] => []);
  let types: Column["type"][] = [];
  for (const { worker, run } of runs) {
    const table = unpack(await (await pool.at(worker)).call("tableOfRun", [view, run, columns]));
    types = table.columns.map(({ type }) => type);
    table.columns.forEach((column, place) => {
      const values = collected[place] ?? [];
      for (let row = 0; row < table.rows; row++) values.push(parquetValue(column, row));
    });
  }
  const buffer = parquetWriteBuffer({
    columnData: columns.map((name, place) => ({ name, data: collected[place] ?? [], type: parquetType(name, types[place]), nullable: true })),
  });
  return new Blob([buffer], { type: "application/vnd.apache.parquet" });
}

function parquetType(name: string, type: Column["type"] | undefined): "TIMESTAMP" | "INT64" | "INT32" | "STRING" {
  if (type === "time") return "TIMESTAMP";
  if (type === "text") return "STRING";
  return WIDE.test(name) ? "INT64" : "INT32";
}

function parquetValue(column: Column, row: number): unknown {
  const value = cell(column, row);
  if (value === null) return null;
  if (column.type === "time" && typeof value === "number") return new Date(value);
  return typeof value === "number" && WIDE.test(column.name) ? BigInt(value) : value;
}
