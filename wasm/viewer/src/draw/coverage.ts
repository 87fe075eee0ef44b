/** The picture of coverage: NICs by hours, darker where more was logged, empty where nothing was. */

import type { Table } from "../engine/protocol";
import { cell, columnOf, largest, numberAt, textAt } from "../state/table";
import type { Scene } from "../views/view";
import { px, type Draw, type Hit } from "./pen";
import { timeTicks } from "./ticks";

const HOUR = 3_600_000;
const MOST = 60;

function nicsOf(table: Table): string[] {
  const column = columnOf(table, "mac");
  const names = new Set<string>();
  if (column) for (let row = 0; row < table.rows; row++) names.add(textAt(table, "mac", row) ?? "");
  return [...names].slice(0, MOST);
}

export function coverageHeight(table: Table): number {
  return Math.max(1, nicsOf(table).length) * 12 + 40;
}

export function drawCoverage({ table, format }: Scene): Draw {
  const nics = nicsOf(table);
  return (pen, width, height, palette) => {
    const hours = Array.from({ length: table.rows }, (_, row) => numberAt(table, "hour", row) ?? 0);
    const [from, to] = [Math.min(...hours, Infinity), Math.max(...hours, -Infinity) + HOUR];
    if (nics.length === 0 || !Number.isFinite(from)) return [];
    const [left, right, top, bottom] = [112, width - 12, 6, height - 28];
    const tall = (bottom - top) / nics.length;
    const x = (time: number): number => left + ((right - left) * (time - from)) / (to - from);
    const wide = Math.max(1, x(from + HOUR) - left);
    const most = Math.max(1, largest(table, "tuples"));
    nics.forEach((nic, at) => {
      const y = top + at * tall;
      pen.text(nic || "no NIC", left - 8, y + tall / 2, { fill: palette.dim, size: 11, align: "right" });
      pen.rect(left, y + 1, right - left, tall - 2, { hatch: palette.line });
    });
    for (const { time, text } of timeTicks(from, to, Math.max(2, (right - left) / 110), format)) {
      pen.path(`M${px(x(time))} ${px(bottom)}v5`, { stroke: palette.dim });
      pen.text(text, Math.min(x(time), right - 16), bottom + 14, { fill: palette.dim, size: 11, align: "center" });
    }
    const hits: Hit[] = [];
    for (let row = 0; row < table.rows; row++) {
      const nic = textAt(table, "mac", row) ?? "";
      const at = nics.indexOf(nic);
      const tuples = numberAt(table, "tuples", row) ?? 0;
      if (at < 0) continue;
      const [cellX, y] = [x(hours[row] ?? 0), top + at * tall];
      const gap = numberAt(table, "gap_minutes", row);
      if (tuples > 0) {
        pen.rect(cellX, y + 1, wide - 1, tall - 2, palette.panel);
        pen.path(`M${px(cellX)} ${px(y + 1)}h${px(wide - 1)}v${px(tall - 2)}h${px(1 - wide)}Z`, { fill: palette.allow, opacity: 0.2 + 0.8 * Math.sqrt(tuples / most) });
      }
      hits.push({
        x: cellX, y, width: wide, height: tall, time: hours[row] ?? 0,
        lines: [nic || "no NIC", `${format.time(hours[row] ?? 0, "minute")}, one hour`, `${format.whole(tuples)} tuples in ${format.whole(numberAt(table, "records", row))} records`, ...(gap === null ? [] : [`longest gap ${format.whole(gap)} min`])],
        values: [{ field: "mac", value: cell(table, "mac", row) }],
      });
    }
    return hits;
  };
}
