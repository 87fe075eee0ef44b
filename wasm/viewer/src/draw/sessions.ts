/** The picture of sessions: the longest ones as lines over the time of the data. */

import { cellText } from "../state/cell_text";
import { cell, numberAt, orderBy } from "../state/table";
import type { Scene } from "../views/view";
import { px, type Draw, type Hit } from "./pen";
import { timeTicks } from "./ticks";

const MOST = 12;
const ROW = 14;

export function drawSessions({ table, format, extent }: Scene): Draw {
  const order = orderBy(table, "duration_ms", true).slice(0, MOST);
  return (pen, width, height, palette) => {
    const [left, right, top, bottom] = [Math.min(290, width * 0.42), width - 16, 8, height - 24];
    const [from, to] = extent ?? [0, 1];
    const x = (time: number): number => left + ((right - left) * (time - from)) / Math.max(1, to - from);
    for (const { time, text } of timeTicks(from, to, Math.max(2, (right - left) / 110), format)) {
      pen.path(`M${px(x(time))} ${px(top)}V${px(bottom + 4)}`, { stroke: palette.line });
      pen.text(text, x(time), bottom + 14, { fill: palette.dim, size: 11, align: "center" });
    }
    return Array.from(order, (row, at): Hit => {
      const y = top + at * ROW + ROW / 2;
      const start = numberAt(table, "start", row) ?? from;
      const end = numberAt(table, "end", row) ?? start;
      const status = String(cell(table, "status", row) ?? "");
      const name = (field: string): string => cellText(format, field, cell(table, field, row));
      const label = `${name("src_ip")} → ${name("dst_ip")} ${name("dst_port")}`;
      pen.text(label, left - 10, y, { fill: palette.text, size: 11.5, align: "right", room: left - 18 });
      const [a, b] = [Math.max(left, x(start)), Math.max(x(start) + 2, x(end))];
      pen.rect(a, y - 3, b - a, 6, status === "denied" ? { hatch: palette.deny } : palette.allow, 2);
      if (status === "ended") pen.rect(b - 1.5, y - 6, 3, 12, palette.allow);
      if (status === "open") pen.path(`M${px(b)} ${px(y - 5)}l7 5l-7 5Z`, { fill: palette.allow });
      if (status === "started_before") pen.path(`M${px(a)} ${px(y - 5)}l-7 5l7 5Z`, { fill: palette.allow });
      const duration = numberAt(table, "duration_ms", row);
      return {
        x: 0, y: y - ROW / 2, width, height: ROW, time: start,
        lines: [label, `${format.time(start)} – ${format.time(end)}`, `${status.replace("_", " ")}${duration === null ? "" : `, ${format.duration(duration)}`}`, format.bytes(numberAt(table, "bytes", row))],
        values: ["src_ip", "src_port", "dst_ip", "dst_port", "protocol"].map((field) => ({ field, value: cell(table, field, row) })),
      };
    });
  };
}
