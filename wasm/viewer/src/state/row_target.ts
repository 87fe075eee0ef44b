/** What the menu on a cell of a row is about: the value itself, and the values that say which traffic the row is. */

import { KEY_COLUMNS, shownAs } from "./columns";
import { termOf, type ValueOf } from "./filter_text";
import type { Target } from "./menu.svelte";
import type { RowSource } from "./row_source.svelte";
import type { Value } from "./table";

export function targetOf(source: RowSource, row: number, name: string): Target {
  const at = (column: string): Value => source.value(row, column) ?? null;
  const value = at(name);
  const filter = at("filter");
  const isTime = shownAs(name).kind === "time" && typeof value === "number";
  const together = KEY_COLUMNS.map((field): ValueOf => ({ field, value: at(field) })).filter((one) => termOf(one) !== null);
  const pair = shownAs(name).kind === "pair" && typeof value === "string" ? pairOf(value) : null;
  return {
    values: pair ?? (isTime || value === null || shownAs(name).kind === "filter" ? [] : [{ field: name, value }]),
    together: pair ?? together,
    time: isTime ? value : null,
    filter: typeof filter === "string" ? filter : null,
  };
}

function pairOf(text: string): ValueOf[] | null {
  const [src, dst] = text.split(" -> ");
  return src === undefined || dst === undefined ? null : [{ field: "src_ip", value: src }, { field: "dst_ip", value: dst }];
}
