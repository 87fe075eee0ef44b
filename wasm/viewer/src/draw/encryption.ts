/** The picture of encryption: all traffic as one bar. */

import { cellText } from "../state/cell_text";
import { cell, numberAt } from "../state/table";
import { amounts, amountText } from "../state/unit";
import type { Scene } from "../views/view";
import { textWidth, type Draw, type Fill, type Hit, type Palette } from "./pen";

export function drawEncryption({ table, unit, format, seconds }: Scene): Draw {
  return (pen, width, _height, palette) => {
    const [left, right, y, tall] = [12, width - 12, 14, 30];
    const sums = Array.from({ length: table.rows }, (_, row) => amounts(table, row, unit, seconds).reduce((a, b) => a + b, 0));
    const total = Math.max(1e-9, sums.reduce((a, b) => a + b, 0));
    const hits: Hit[] = [];
    let [x, label] = [left, left];
    sums.forEach((sum, row) => {
      const value = cell(table, "encryption", row);
      const name = value === null ? "not logged" : cellText(format, "encryption", value);
      const wide = ((right - left) * sum) / total;
      const fill = fillOf(name, row, palette);
      if (sum > 0) pen.rect(x, y, Math.max(1, wide - 1), tall, fill);
      const hit = { lines: [name, `${amountText(format, unit, sum)}, ${format.share(sum / total)}`, `${format.whole(numberAt(table, "denied", row))} denied`], values: [{ field: "encryption", value }] };
      hits.push({ x, y, width: Math.max(2, wide), height: tall, ...hit });
      const text = `${name} ${format.share(sum / total)}`;
      const room = textWidth(text, 12) + 34;
      if (label + room <= right + 20) {
        pen.rect(label, y + tall + 17, 10, 10, fill, 2);
        pen.text(text, label + 15, y + tall + 22, { fill: palette.text });
        hits.push({ x: label, y: y + tall + 10, width: room, height: 24, ...hit });
        label += room;
      }
      x += wide;
    });
    return hits;
  };
}

function fillOf(name: string, row: number, palette: Palette): Fill {
  if (name === "X") return palette.allow;
  if (name === "NX") return { hatch: palette.series[7] ?? palette.dim };
  return palette.series[2 + (row % 6)] ?? palette.dim;
}
