/** The picture of the biggest: a bar for each row, both sides of the unit told apart. */

import { cellText } from "../state/cell_text";
import type { ValueOf } from "../state/filter_text";
import { cell, numberAt } from "../state/table";
import { amounts, amountText, unitShown } from "../state/unit";
import type { Scene } from "../views/view";
import { textWidth, type Draw, type Hit } from "./pen";

const TOP = 26;
const ROW = 22;

export function drawBars({ table, unit, format, seconds }: Scene, keys: string[], rows: number): Draw {
  return (pen, width, _height, palette) => {
    const labels = Array.from({ length: rows }, (_, row) => labelOf(row));
    const room = Math.min(width * 0.42, Math.max(60, ...labels.map((label) => textWidth(label))) + 8);
    const [left, right] = [12 + room, width - 78];
    const pairs = labels.map((_, row) => amounts(table, row, unit, seconds));
    const most = Math.max(1e-9, ...pairs.map(([a, b]) => a + b));
    const [first, second] = unitShown(unit).sides;
    const other = unit === "flows" ? { hatch: palette.deny } : (palette.series[1] ?? palette.allow);
    pen.rect(left, 9, 9, 9, palette.allow, 2);
    pen.text(first, left + 14, 14, { fill: palette.dim, size: 11 });
    const next = left + 26 + textWidth(first, 11);
    pen.rect(next, 9, 9, 9, other, 2);
    pen.text(second, next + 14, 14, { fill: palette.dim, size: 11 });
    return labels.map((label, row): Hit => {
      const y = TOP + row * ROW;
      const [a, b] = pairs[row] ?? [0, 0];
      const scale = (right - left) / most;
      pen.text(label, left - 8, y + ROW / 2, { fill: isOthers(row) ? palette.dim : palette.text, align: "right", room });
      pen.rect(left, y + 4, a * scale, ROW - 8, palette.allow);
      pen.rect(left + a * scale, y + 4, b * scale, ROW - 8, other);
      pen.text(amountText(format, unit, a + b), left + (a + b) * scale + 6, y + ROW / 2, { fill: palette.dim, size: 11.5 });
      const share = numberAt(table, "share", row);
      return {
        x: 0, y, width, height: ROW,
        lines: [label, `${amountText(format, unit, a)} ${first}`, `${amountText(format, unit, b)} ${second}`, ...(share === null ? [] : [`${format.share(share)} of all`])],
        values: isOthers(row) ? [] : keys.map((field): ValueOf => ({ field, value: cell(table, field, row) })),
      };
    });
  };

  function isOthers(row: number): boolean {
    return row === table.rows - 1 && keys.every((key) => cell(table, key, row) === null);
  }

  function labelOf(row: number): string {
    return isOthers(row) ? "others" : keys.map((key) => cellText(format, key, cell(table, key, row))).join(" · ");
  }
}
