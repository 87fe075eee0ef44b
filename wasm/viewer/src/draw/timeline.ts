/** The picture of how much there was when: two sides on one axis, the period before as a line, denials as marks. */

import type { Table } from "../engine/protocol";
import type { Format } from "../state/format";
import type { Unit } from "../state/hash";
import { largest, numberAt } from "../state/table";
import { amounts, amountText, unitShown } from "../state/unit";
import { px, type Draw, type Hit, type Palette, type Pen } from "./pen";
import { amountTicks, timeTicks } from "./ticks";

export const LEFT = 62;
export const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;
const MARKS = 12;

export interface Timeline {
  table: Table;
  /** The same for the period before, shifted by `shift` milliseconds to lie over this one. */
  before: Table | null;
  shift: number;
  from: number;
  to: number;
  /** A bin's length in milliseconds. */
  step: number;
  unit: Unit;
  format: Format;
}

/** Left and right edge of the plot in a width. */
export function plot(width: number): [number, number] {
  return [LEFT, width - RIGHT];
}

export function drawTimeline(model: Timeline): Draw {
  return (pen, width, height, palette) => {
    const { table, from, to, step, unit } = model;
    const [left, right] = plot(width);
    const hasMarks = unit !== "flows";
    const [top, bottom] = [TOP, height - BOTTOM - (hasMarks ? MARKS : 0)];
    const x = (time: number): number => left + ((time - from) / Math.max(1, to - from)) * (right - left);
    const rows = Array.from({ length: table.rows }, (_, row) => amounts(table, row, unit, step / 1000));
    const before = Array.from({ length: model.before?.rows ?? 0 }, (_, row) => (model.before ? amounts(model.before, row, unit, step / 1000) : [0, 0]));
    const [up, down] = [0, 1].map((side) => [...rows, ...before].reduce((most, row) => Math.max(most, row[side] ?? 0), 0)) as [number, number];
    const zero = up + down === 0 ? bottom : top + ((bottom - top) * up) / (up + down);
    const scale = up + down === 0 ? 0 : (bottom - top) / (up + down);
    drawGrid(pen, palette, model, { left, right, top, bottom, zero, scale, up, down, x });
    const bar = Math.max(1, x(from + step) - x(from) - (x(from + step) - x(from) > 4 ? 1 : 0));
    const mostDenied = Math.max(1, largest(table, "denied"));
    const hits: Hit[] = [];
    rows.forEach(([a, b], row) => {
      const time = numberAt(table, "time", row) ?? from;
      const at = x(time);
      if (at + bar < left || at > right) return;
      const [start, end] = [Math.max(left, at), Math.min(right, at + bar)];
      if (a > 0) pen.rect(start, zero - a * scale, end - start, Math.max(0.75, a * scale), palette.allow);
      if (b > 0) pen.rect(start, zero, end - start, Math.max(0.75, b * scale), unit === "flows" ? { hatch: palette.deny } : palette.series[1] ?? palette.allow);
      const denied = numberAt(table, "denied", row) ?? 0;
      if (hasMarks && denied > 0) {
        const tall = 1.5 + (MARKS - 3.5) * Math.sqrt(denied / mostDenied);
        pen.rect(start, bottom + MARKS - tall, end - start, tall, palette.deny);
      }
      hits.push({ x: start, y: top, width: Math.max(1, x(time + step) - at), height: height - top - BOTTOM, lines: linesOf(model, time, a, b, denied), values: [], time });
    });
    drawBefore(pen, palette, model, x, zero, scale, left, right);
    return hits;
  };
}

function linesOf({ unit, format, step }: Timeline, time: number, a: number, b: number, denied: number): string[] {
  const [first, second] = unitShown(unit).sides;
  return [
    `${format.time(time, step < 60_000 ? "second" : "minute")} – ${format.clock(time + step, step < 60_000 ? "second" : "minute")}`,
    `${amountText(format, unit, a)} ${first}`,
    `${amountText(format, unit, b)} ${second}`,
    ...(unit !== "flows" && denied > 0 ? [`${format.whole(denied)} denied, which carry no bytes`] : []),
  ];
}

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  zero: number;
  scale: number;
  up: number;
  down: number;
  x: (time: number) => number;
}

function drawGrid(pen: Pen, palette: Palette, { from, to, unit, format }: Timeline, frame: Frame): void {
  const { left, right, top, bottom, zero, scale, up, down, x } = frame;
  const rows = Math.max(1, Math.round((bottom - top) / 36));
  const ticks = amountTicks(up + down, rows);
  const step = ticks[1] ?? 0;
  const values = step === 0 ? [0] : [
    ...Array.from({ length: Math.floor(down / step) }, (_, number) => -(number + 1) * step).reverse(),
    ...Array.from({ length: Math.floor(up / step) + 1 }, (_, number) => number * step),
  ];
  for (const value of values) {
    const y = Math.round(zero - value * scale) + 0.5;
    pen.path(`M${px(left)} ${px(y)}H${px(right)}`, { stroke: value === 0 ? palette.dim : palette.line, width: 1 });
    pen.text(amountText(format, unit, Math.abs(value)), left - 6, y, { fill: palette.dim, size: 11, align: "right" });
  }
  const count = Math.max(2, Math.floor((right - left) / 92));
  for (const { time, text } of timeTicks(from, to, count, format)) {
    const at = Math.round(x(time)) + 0.5;
    pen.path(`M${px(at)} ${px(top)}V${px(bottom + 4)}`, { stroke: palette.line });
    const align = at < left + 24 ? "left" : at > right - 24 ? "right" : "center";
    pen.text(text, align === "left" ? left : align === "right" ? right : at, bottom + (unit === "flows" ? 13 : MARKS + 13), { fill: palette.dim, size: 11, align });
  }
}

function drawBefore(pen: Pen, palette: Palette, { before, shift, unit, step }: Timeline, x: (time: number) => number, zero: number, scale: number, left: number, right: number): void {
  if (before === null) return;
  for (const side of [0, 1] as const) {
    const points: string[] = [];
    for (let row = 0; row < before.rows; row++) {
      const time = (numberAt(before, "time", row) ?? 0) + shift;
      const [from, to] = [Math.max(left, x(time)), Math.min(right, x(time + step))];
      if (to <= from) continue;
      const amount = amounts(before, row, unit, step / 1000)[side] * scale;
      const y = px(side === 0 ? zero - amount : zero + amount);
      points.push(`${points.length === 0 ? "M" : "L"}${px(from)} ${y}L${px(to)} ${y}`);
    }
    if (points.length > 0) pen.path(points.join(""), { stroke: palette.text, width: 1, dash: [3, 3], opacity: 0.75 });
  }
}
