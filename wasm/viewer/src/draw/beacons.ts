/** The picture of beacons: interval to the right, score upwards, more connections larger. */

import { cellText } from "../state/cell_text";
import { cell, largest, numberAt } from "../state/table";
import type { Scene } from "../views/view";
import { px, type Draw, type Hit } from "./pen";

const TICKS: [number, string][] = [
  [1000, "1 s"], [10_000, "10 s"], [60_000, "1 min"], [300_000, "5 min"], [900_000, "15 min"], [3_600_000, "1 h"],
  [21_600_000, "6 h"], [86_400_000, "1 d"],
];

export function drawBeacons({ table, format }: Scene): Draw {
  return (pen, width, height, palette) => {
    const [left, right, top, bottom] = [48, width - 20, 14, height - 26];
    const intervals = Array.from({ length: table.rows }, (_, row) => Math.max(1, numberAt(table, "interval_ms", row) ?? 1));
    const [least, most] = [Math.min(1000, ...intervals), Math.max(60_000, ...intervals) * 1.3];
    const x = (interval: number): number => left + ((right - left) * Math.log(interval / least)) / Math.log(most / least);
    const y = (score: number): number => bottom - (bottom - top) * score;
    const connections = Math.max(1, largest(table, "connections"));
    for (const score of [0, 0.5, 0.9, 1]) {
      pen.path(`M${px(left)} ${px(y(score))}H${px(right)}`, { stroke: palette.line, dash: score === 0.9 ? [4, 4] : [] });
      pen.text(format.score(score), left - 6, y(score), { fill: palette.dim, size: 11, align: "right" });
    }
    for (const [interval, text] of TICKS.filter(([size]) => size >= least && size <= most)) {
      pen.path(`M${px(x(interval))} ${px(top)}V${px(bottom + 4)}`, { stroke: palette.line });
      pen.text(text, x(interval), bottom + 14, { fill: palette.dim, size: 11, align: "center" });
    }
    return intervals.map((interval, row): Hit => {
      const score = numberAt(table, "score", row) ?? 0;
      const count = numberAt(table, "connections", row) ?? 0;
      const radius = 3 + 6 * Math.sqrt(count / connections);
      const isHigh = score >= 0.9;
      pen.path(dot(x(interval), y(score), radius), { fill: isHigh ? palette.deny : palette.allow, opacity: 0.75, stroke: palette.panel });
      const keys = ["src_ip", "dst_ip", "dst_port", "protocol"];
      return {
        x: x(interval) - radius, y: y(score) - radius, width: 2 * radius, height: 2 * radius,
        lines: [
          `${cellText(format, "src_ip", cell(table, "src_ip", row))} → ${cellText(format, "dst_ip", cell(table, "dst_ip", row))}`,
          `port ${cellText(format, "dst_port", cell(table, "dst_port", row))}`,
          `${format.whole(count)} connections, every ${format.duration(interval)}, score ${format.score(score)}`,
        ],
        values: keys.map((field) => ({ field, value: cell(table, field, row) })),
      };
    });
  };
}

function dot(x: number, y: number, radius: number): string {
  return `M${px(x - radius)} ${px(y)}a${px(radius)} ${px(radius)} 0 1 0 ${px(2 * radius)} 0a${px(radius)} ${px(radius)} 0 1 0 ${px(-2 * radius)} 0Z`;
}
