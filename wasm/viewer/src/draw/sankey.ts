/** The picture of paths: bands from sources by rules and ports to destinations. */

import { sankey as layout, sankeyJustify, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import { cellText } from "../state/cell_text";
import { shownAs } from "../state/columns";
import { cell, numberAt, type Value } from "../state/table";
import { amounts, amountText } from "../state/unit";
import type { Scene } from "../views/view";
import type { Draw, Hit } from "./pen";

interface Place {
  id: string;
  stage: number;
  field: string;
  key: Value;
  name: string;
  isOthers: boolean;
}

interface Band {
  source: string;
  target: string;
  value: number;
  denied: number;
}

type Node = SankeyNode<Place, Band>;
type Link = SankeyLink<Place, Band>;

/** Beyond this, a stage's smallest places are one. */
const MOST_PLACES = 14;

export function drawSankey(scene: Scene, stages: string[]): Draw {
  const { places, bands } = graphOf(scene, stages);
  const { format, unit } = scene;
  return (pen, width, height, palette) => {
    if (bands.length === 0) {
      pen.text(unit === "flows" ? "nothing passes the filter" : "nothing with bytes or packets passes the filter: denied traffic has none, see flows", width / 2, height / 2, { fill: palette.dim, align: "center", room: width - 20 });
      return [];
    }
    const made = layout<Place, Band>()
      .nodeId((node) => node.id)
      .nodeAlign(sankeyJustify)
      .nodeWidth(10)
      .nodePadding(height / MOST_PLACES / 2.6)
      .nodeSort((a, b) => Number(a.isOthers) - Number(b.isOthers) || (b.value ?? 0) - (a.value ?? 0))
      .extent([[12, 30], [width - 12, height - 10]])({ nodes: places.map((place) => ({ ...place })), links: bands.map((band) => ({ ...band })) });
    const line = sankeyLinkHorizontal<Place, Band>();
    const hits: Hit[] = [];
    stages.forEach((stage, at) => {
      const x = 12 + ((width - 24) * at) / Math.max(1, stages.length - 1);
      pen.text(shownAs(stage).label, x, 14, { fill: palette.dim, size: 11.5, align: at === 0 ? "left" : at === stages.length - 1 ? "right" : "center" });
    });
    for (const link of made.links) {
      const path = line(link) ?? "";
      const [source, target] = [link.source as Node, link.target as Node];
      const isDenied = link.denied > link.value / 2 && unit === "flows";
      pen.path(path, { stroke: isDenied ? palette.deny : palette.allow, width: Math.max(1, link.width ?? 1), opacity: isDenied ? 0.45 : 0.28 });
      hits.push({ ...boxOf(link, source, target), path, stroke: link.width ?? 1, lines: [`${source.name} → ${target.name}`, amountText(format, unit, link.value)], values: valuesOf([source, target]) });
    }
    for (const node of made.nodes) {
      const [x, y, tall] = [node.x0 ?? 0, node.y0 ?? 0, (node.y1 ?? 0) - (node.y0 ?? 0)];
      pen.rect(x, y, 10, Math.max(1, tall), node.isOthers ? palette.faint : palette.text);
      const isLast = node.stage === stages.length - 1;
      if (tall > 7) pen.text(node.name, isLast ? x - 6 : x + 16, y + tall / 2, { fill: palette.text, size: 11.5, align: isLast ? "right" : "left", room: (width / stages.length) * 0.8 });
      hits.push({ x: x - 4, y, width: 18, height: Math.max(4, tall), lines: [node.name, amountText(format, unit, node.value ?? 0)], values: valuesOf([node]) });
    }
    return hits;
  };
}

function boxOf(link: Link, source: Node, target: Node): { x: number; y: number; width: number; height: number } {
  const half = (link.width ?? 1) / 2 + 2;
  const [y0, y1] = [link.y0 ?? 0, link.y1 ?? 0];
  const x = source.x1 ?? 0;
  return { x, y: Math.min(y0, y1) - half, width: (target.x0 ?? 0) - x, height: Math.abs(y1 - y0) + 2 * half };
}

function valuesOf(nodes: Place[]): { field: string; value: Value }[] {
  return nodes.filter((node) => !node.isOthers).map(({ field, key }) => ({ field, value: key }));
}

/** Places and bands of the answer's rows; small places and the row of others become one place a stage. */
function graphOf({ table, unit, format, seconds }: Scene, stages: string[]): { places: Place[]; bands: Band[] } {
  const rows = Array.from({ length: table.rows }, (_, row) => ({
    values: stages.map((field) => cell(table, field, row)),
    amount: amounts(table, row, unit, seconds).reduce((a, b) => a + b, 0),
    denied: numberAt(table, "denied", row) ?? 0,
    isOthers: row === table.rows - 1 && stages.every((field) => cell(table, field, row) === null),
  })).filter(({ amount }) => amount > 0);
  const kept = stages.map((_, stage) => {
    const sums = new Map<Value, number>();
    for (const { values, amount, isOthers } of rows) if (!isOthers) sums.set(values[stage] ?? null, (sums.get(values[stage] ?? null) ?? 0) + amount);
    return new Set([...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_PLACES).map(([value]) => value));
  });
  const places = new Map<string, Place>();
  const bands = new Map<string, Band>();
  for (const { values, amount, denied, isOthers } of rows) {
    const ids = stages.map((field, stage) => {
      const value = values[stage] ?? null;
      const isOther = isOthers || !(kept[stage]?.has(value) ?? false);
      const id = isOther ? `${stage} others` : `${stage} = ${String(value)}`;
      if (!places.has(id)) places.set(id, { id, stage, field, key: value, name: isOther ? "others" : cellText(format, field, value), isOthers: isOther });
      return id;
    });
    for (let stage = 0; stage + 1 < ids.length; stage++) {
      const [source, target] = [ids[stage] ?? "", ids[stage + 1] ?? ""];
      const band = bands.get(`${source}\n${target}`) ?? { source, target, value: 0, denied: 0 };
      band.value += amount;
      band.denied += denied;
      bands.set(`${source}\n${target}`, band);
    }
  }
  return { places: [...places.values()], bands: [...bands.values()] };
}
