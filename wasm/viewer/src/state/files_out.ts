/** Tables as files: CSV that no spreadsheet runs, NDJSON that loses no digit, Parquet; and handing a file to the reader. */

import type { Column, Table } from "../engine/protocol";
import { plain } from "./cell_text";
import { shownAs } from "./columns";
import { valueAt, type Value } from "./table";

export type TableFormat = "csv" | "ndjson" | "parquet";

/** A table as a file. */
export async function tableFile(table: Table, format: TableFormat): Promise<Blob> {
  switch (format) {
    case "csv":
      return new Blob([csv(table)], { type: "text/csv" });
    case "ndjson":
      return new Blob([ndjson(table)], { type: "application/x-ndjson" });
    case "parquet":
      return parquet(table);
  }
}

/** Comma-separated text with a heading; text that a spreadsheet would run as a formula gets a `'` before it. */
export function csv(table: Table): string {
  const lines = [table.columns.map((column) => csvCell(column.name)).join(",")];
  for (let row = 0; row < table.rows; row++) {
    lines.push(table.columns.map((column) => csvValue(column, row)).join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function csvValue(column: Column, row: number): string {
  const value = valueAt(column, row);
  const text = plain(column.name, value);
  return typeof value === "string" ? csvCell(text) : text;
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One JSON object a line, as the command line writes them. */
export function ndjson(table: Table): string {
  const lines: string[] = [];
  for (let row = 0; row < table.rows; row++) {
    const fields = table.columns.map((column) => `${JSON.stringify(column.name)}:${jsonOf(column.name, valueAt(column, row))}`);
    lines.push(`{${fields.join(",")}}\n`);
  }
  return lines.join("");
}

function jsonOf(name: string, value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && shownAs(name).kind === "time") return JSON.stringify(plain(name, value));
  return JSON.stringify(value);
}

async function parquet(table: Table): Promise<Blob> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const buffer = parquetWriteBuffer({ columnData: table.columns.map((column) => parquetColumn(column, table.rows)) });
  return new Blob([buffer], { type: "application/vnd.apache.parquet" });
}

function parquetColumn(column: Column, rows: number): { name: string; data: unknown[]; type: "INT64" | "DOUBLE" | "STRING" | "BOOLEAN" | "TIMESTAMP" } {
  const values = Array.from({ length: rows }, (_, row) => valueAt(column, row));
  const { name } = column;
  switch (column.type) {
    case "time":
      return { name, type: "TIMESTAMP", data: values.map((value) => (value === null ? null : new Date(Number(value)))) };
    case "bigint":
      return { name, type: "INT64", data: values };
    case "boolean":
      return { name, type: "BOOLEAN", data: values };
    case "number": {
      const isWhole = values.every((value) => value === null || Number.isInteger(value));
      return isWhole
        ? { name, type: "INT64", data: values.map((value) => (value === null ? null : BigInt(Number(value)))) }
        : { name, type: "DOUBLE", data: values };
    }
    default:
      return { name, type: "STRING", data: values.map((value) => (value === null ? null : plain(name, value))) };
  }
}

/** Hands a file to the reader. */
export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
