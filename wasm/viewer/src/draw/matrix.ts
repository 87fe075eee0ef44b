/** The picture of the matrix: source groups by destination groups, darker where there is more. */

import type { Table } from "../engine/protocol";
import { cellText } from "../state/cell_text";
import { cell, numberAt, type Value } from "../state/table";
import { amounts, amountText, unitShown } from "../state/unit";
import type { Scene } from "../views/view";
import { px, textWidth, type Draw, type Hit } from "./pen";

const MOST = 40;
const CELL = 34;

function groupsOf(table: Table): Value[] {
  const groups: Value[] = [];
  for (let row = 0; row < table.rows; row++) {
    for (const name of ["src_group", "dst_group"]) {
      const group = cell(table, name, row);
      if (!groups.includes(group)) groups.push(group);
    }
  }
  return groups.slice(0, MOST);
}

function sizeOf(count: number): number {
  return count > 14 ? Math.max(12, Math.round((CELL * 14) / count)) : CELL;
}

export function matrixHeight(table: Table): number {
  const count = Math.max(1, groupsOf(table).length);
  return 46 + count * sizeOf(count) + 10;
}

export function drawMatrix({ table, unit, format, seconds }: Scene): Draw {
  const groups = groupsOf(table);
  const names = groups.map((group) => cellText(format, "group", group));
  return (pen, width, _height, palette) => {
    const tall = sizeOf(groups.length);
    const left = Math.min(150, Math.max(40, ...names.map((name) => textWidth(name))) + 22);
    const wide = Math.max(12, Math.min(120, (width - left - 12) / Math.max(1, groups.length)));
    const top = 44;
    pen.text("from ↓   to →", left - 10, top - 12, { fill: palette.dim, size: 11, align: "right" });
    names.forEach((name, at) => {
      pen.text(name, left + (at + 0.5) * wide, top - 12, { fill: palette.text, align: "center", room: wide - 4 });
      pen.text(name, left - 10, top + (at + 0.5) * tall, { fill: palette.text, align: "right", room: left - 14 });
    });
    for (let row = 0; row < groups.length; row++)
      for (let column = 0; column < groups.length; column++) pen.rect(left + column * wide, top + row * tall, wide - 2, tall - 2, palette.line, 2);
    const sums = Array.from({ length: table.rows }, (_, row) => amounts(table, row, unit, seconds));
    const most = Math.max(1e-9, ...sums.map(([a, b]) => a + b));
    const hits: Hit[] = [];
    sums.forEach(([a, b], row) => {
      const [from, to] = [cell(table, "src_group", row), cell(table, "dst_group", row)];
      const [down, across] = [groups.indexOf(from), groups.indexOf(to)];
      if (down < 0 || across < 0) return;
      const [x, y] = [left + across * wide, top + down * tall];
      const strength = Math.sqrt((a + b) / most);
      const denied = numberAt(table, "denied", row) ?? 0;
      pen.path(`M${px(x)} ${px(y)}h${px(wide - 2)}v${px(tall - 2)}h${px(2 - wide)}Z`, { fill: palette.allow, opacity: 0.12 + 0.88 * strength });
      if (denied > 0) pen.path(`M${px(x + wide - 2)} ${px(y)}v${px(tall * 0.4)}l${px(-tall * 0.4)} ${px(-tall * 0.4)}Z`, { fill: palette.deny });
      const text = amountText(format, unit, a + b);
      if (wide > 52 && tall > 18) pen.text(text, x + wide / 2 - 1, y + tall / 2, { fill: strength > 0.55 ? palette.panel : palette.text, size: 11.5, align: "center", room: wide - 6 });
      const [first, second] = unitShown(unit).sides;
      hits.push({
        x, y, width: wide, height: tall,
        lines: [`${names[down]} → ${names[across]}`, `${amountText(format, unit, a)} ${first}`, `${amountText(format, unit, b)} ${second}`, `${format.whole(denied)} denied`],
        values: [{ field: "src_group", value: from }, { field: "dst_group", value: to }],
      });
    });
    return hits;
  };
}
