/** A page with nothing but the engine, for tests that drive it. */

import { createEngine, type EngineOptions } from "../../src/engine";
import { cell } from "../../src/engine/packed";
import type { Engine, Table } from "../../src/engine/protocol";

/** A table's rows as the command line's JSON has them. */
function objects(table: Table): Record<string, unknown>[] {
  return Array.from({ length: table.rows }, (_, row) =>
    Object.fromEntries(
      table.columns.map((column) => {
        const value = cell(column, row);
        const isTime = column.type === "time" && typeof value === "number";
        return [column.name, isTime ? new Date(value).toISOString() : typeof value === "bigint" ? `bigint:${value}` : value];
      }),
    ),
  );
}

const page = { createEngine: (options?: EngineOptions): Engine => createEngine(options), objects };

declare global {
  interface Window {
    page: typeof page;
  }
}

window.page = page;
document.title = "ready";
