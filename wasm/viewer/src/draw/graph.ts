/** The picture of the graph: places as discs, traffic as lines between them; its layout settles step by step. */

import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type Simulation, type SimulationLinkDatum, type SimulationNodeDatum } from "d3-force";
import type { Table } from "../engine/protocol";
import { cellText } from "../state/cell_text";
import type { Format } from "../state/format";
import type { Unit } from "../state/hash";
import { cell, numberAt, type Value } from "../state/table";
import { amounts, amountText } from "../state/unit";
import { px, textWidth, type Draw, type Hit } from "./pen";

export interface Place extends SimulationNodeDatum {
  id: string;
  value: Value;
  name: string;
  amount: number;
  radius: number;
}

export interface Tie extends SimulationLinkDatum<Place> {
  source: Place;
  target: Place;
  amount: number;
  denied: number;
}

export interface Graph {
  places: Place[];
  ties: Tie[];
  simulation: Simulation<Place, Tie>;
}

const MOST = 300;

/** Places and ties of an answer by pairs of keys; places that were there before stay where they were. */
export function graphOf(table: Table, keys: [string, string], unit: Unit, format: Format, last: Graph | null): Graph {
  const places = new Map<string, Place>();
  const ties: Tie[] = [];
  const known = new Map(last?.places.map((place) => [place.id, place]));
  const placeOf = (field: string, row: number): Place | null => {
    const value = cell(table, field, row);
    const id = String(value);
    const found = places.get(id);
    if (found) return found;
    if (places.size >= MOST) return null;
    const before = known.get(id);
    const place: Place = { id, value, name: cellText(format, field, value), amount: 0, radius: 4, x: before?.x, y: before?.y };
    places.set(id, place);
    return place;
  };
  for (let row = 0; row < table.rows; row++) {
    if (row === table.rows - 1 && numberAt(table, "share", row) !== null && keys.every((key) => cell(table, key, row) === null) && table.rows > 1) break;
    const [source, target] = [placeOf(keys[0], row), placeOf(keys[1], row)];
    if (source === null || target === null) continue;
    const amount = amounts(table, row, unit, 1).reduce((a, b) => a + b, 0);
    source.amount += amount;
    if (target !== source) target.amount += amount;
    ties.push({ source, target, amount, denied: numberAt(table, "denied", row) ?? 0 });
  }
  const most = Math.max(1e-9, ...[...places.values()].map((place) => place.amount));
  for (const place of places.values()) place.radius = 5 + 17 * Math.sqrt(place.amount / most);
  const list = [...places.values()];
  const room = Math.max(40, 150 - list.length);
  const simulation = forceSimulation<Place, Tie>(list)
    .force("tie", forceLink<Place, Tie>(ties).distance(room).strength(0.25))
    .force("apart", forceManyBody<Place>().strength(-room * 6))
    .force("x", forceX<Place>(0).strength(0.035))
    .force("y", forceY<Place>(0).strength(0.13))
    .force("collide", forceCollide<Place>((place) => place.radius + 9))
    .stop();
  if (known.size > 0) simulation.alpha(0.5);
  return { places: list, ties, simulation };
}

export function drawGraph(graph: Graph, keys: [string, string], unit: Unit, format: Format, open: (place: Place) => { label: string; run: () => void } | undefined): Draw {
  return (pen, width, height, palette) => {
    const { places, ties } = graph;
    const span = (axis: "x" | "y"): [number, number] => [Math.min(...places.map((place) => (place[axis] ?? 0) - place.radius)), Math.max(...places.map((place) => (place[axis] ?? 0) + place.radius))];
    if (places.length === 0) return [];
    const [[left, right], [top, bottom]] = [span("x"), span("y")];
    const scale = Math.min(1.6, (width - 150) / Math.max(1, right - left), (height - 50) / Math.max(1, bottom - top));
    const x = (place: Place): number => width / 2 + ((place.x ?? 0) - (left + right) / 2) * scale;
    const y = (place: Place): number => height / 2 + ((place.y ?? 0) - (top + bottom) / 2) * scale;
    const most = Math.max(1e-9, ...ties.map((tie) => tie.amount));
    const hits: Hit[] = [];
    for (const tie of ties) {
      if (tie.source === tie.target) continue;
      const path = `M${px(x(tie.source))} ${px(y(tie.source))}L${px(x(tie.target))} ${px(y(tie.target))}`;
      const wide = 1 + 7 * Math.sqrt(tie.amount / most);
      const isDenied = tie.denied > 0 && (tie.amount === 0 || unit === "flows");
      pen.path(path, { stroke: isDenied ? palette.deny : palette.allow, width: wide, opacity: isDenied ? 0.7 : 0.35, dash: isDenied ? [5, 4] : [] });
      hits.push({
        x: Math.min(x(tie.source), x(tie.target)) - 4, y: Math.min(y(tie.source), y(tie.target)) - 4,
        width: Math.abs(x(tie.source) - x(tie.target)) + 8, height: Math.abs(y(tie.source) - y(tie.target)) + 8, path, stroke: wide + 3,
        lines: [`${tie.source.name} → ${tie.target.name}`, amountText(format, unit, tie.amount), `${format.whole(tie.denied)} denied`],
        values: [{ field: keys[0], value: tie.source.value }, { field: keys[1], value: tie.target.value }],
      });
    }
    const byAmount = [...places].sort((a, b) => b.amount - a.amount);
    const names: Box[] = [];
    const bare = keys[0].replace("src_", "");
    for (const place of byAmount) {
      const [at, up, radius] = [x(place), y(place), place.radius];
      pen.path(`M${px(at - radius)} ${px(up)}a${px(radius)} ${px(radius)} 0 1 0 ${px(2 * radius)} 0a${px(radius)} ${px(radius)} 0 1 0 ${px(-2 * radius)} 0Z`, { fill: palette.allow, stroke: palette.panel, width: 1.5 });
      const wide = textWidth(place.name, NAME) + 6;
      const box: Box = { x: at - wide / 2, y: up + radius + 2, width: wide, height: 14, text: place.name };
      // The largest are named first; a name that would lie on another is left to the pointer.
      if (names.every((other) => !overlap(box, other))) names.push(box);
      const opens = open(place);
      hits.push({ x: at - radius, y: up - radius, width: 2 * radius, height: 2 * radius, lines: [place.name, amountText(format, unit, place.amount)], values: [{ field: bare, value: place.value }], ...(opens ? { open: opens } : {}) });
    }
    for (const { x: left, y: top, width: wide, height: tall, text } of names) {
      pen.path(`M${px(left)} ${px(top)}h${px(wide)}v${px(tall)}h${px(-wide)}Z`, { fill: palette.panel, opacity: 0.75 });
      pen.text(text, left + wide / 2, top + tall / 2, { fill: palette.text, size: NAME, align: "center" });
    }
    return hits;
  };
}

const NAME = 11.5;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  text: string;
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
