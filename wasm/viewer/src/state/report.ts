/** A report as one HTML file that needs nothing else: the filter, the inputs with their hashes, totals, findings, coverage. */

import { paletteOf } from "../draw/pen";
import { svgOf } from "../draw/svg_pen";
import { escaped } from "../draw/svg_pen";
import { binFor } from "../draw/ticks";
import { drawTimeline } from "../draw/timeline";
import type { Question, Table } from "../engine/protocol";
import { app, messageOf } from "./app.svelte";
import { cellText } from "./cell_text";
import { isRight, shownAs } from "./columns";
import { save } from "./files_out";
import { unitShown } from "./unit";
import { columnOf, valueAt } from "./table";

/** Larger files are named without a hash: a hash needs the whole file in memory. */
const LARGEST_HASHED = 512 * 1024 * 1024;
const MOST_ROWS = 50;

interface Part {
  title: string;
  question: Question;
  columns: string[];
}

const PARTS: Part[] = [
  { title: "Findings", question: { analysis: "findings" }, columns: ["severity", "kind", "reason", "src_ip", "dst_ip", "dst_port", "filter", "first_time", "last_time"] },
  { title: "Top sources", question: { analysis: "top", parameters: { by: ["src_ip"], n: 20 } }, columns: ["src_ip", "bytes", "share", "flows", "denied", "peers"] },
  { title: "Rules", question: { analysis: "rules" }, columns: ["rule", "rule_origin", "acl_id", "allowed", "denied", "flows", "bytes"] },
  { title: "Denied", question: { analysis: "denied" }, columns: ["src_ip", "dst_ip", "dst_port", "protocol", "rule", "tries", "ongoing"] },
  { title: "Reached from the internet", question: { analysis: "exposure" }, columns: ["dst_ip", "dst_port", "protocol", "sources", "attempted", "allowed", "answered"] },
  { title: "Coverage", question: { analysis: "coverage" }, columns: ["mac", "hour", "records", "tuples", "gap_minutes"] },
];

/** Makes the report of what is shown now, and hands it to the reader. */
export async function saveReport(): Promise<void> {
  app.notice = "writing the report …";
  try {
    save(new Blob([await report()], { type: "text/html" }), "vnetflow-report.html");
    app.notice = "the report is written";
  } catch (error) {
    app.notice = messageOf(error);
  }
}

async function report(): Promise<string> {
  const { format, kept, extent } = app;
  const parts: string[] = [];
  const summary = await app.engine.ask({ analysis: "summary" }, "report");
  parts.push(section("Totals", summary.columns.map(({ name }) => name), summary));
  if (extent !== null) {
    const [from, to] = [app.window.from ?? extent[0], app.window.to ?? extent[1]];
    const { every, milliseconds } = binFor(from, to, 240);
    const table = await app.engine.ask({ analysis: "timeline", parameters: { every } }, "report");
    const draw = drawTimeline({ table, before: null, shift: 0, from, to, step: milliseconds, unit: kept.unit, format });
    parts.push(`<h2>Timeline, ${escaped(unitShown(kept.unit).label)}</h2>${svgOf(draw, 1000, 220, paletteOf(document.documentElement))}`);
  }
  for (const { title, question, columns } of PARTS) {
    parts.push(section(title, columns, await app.engine.ask(question, "report")));
  }
  return page(parts.join("\n"), await inputs());
}

async function inputs(): Promise<string> {
  const rows: string[] = [];
  for (const { path, file } of app.inputs) {
    rows.push(`<tr><td>${escaped(path)}</td><td class="r">${app.format.whole(file.size)}</td><td><code>${escaped(await hashOf(file))}</code></td></tr>`);
  }
  if (app.isDemo) rows.push("<tr><td>the demo network, made in the browser</td><td></td><td></td></tr>");
  return `<h2>Inputs</h2><table><thead><tr><th>File</th><th class="r">Bytes</th><th>SHA-256</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

async function hashOf(file: Blob): Promise<string> {
  if (file.size > LARGEST_HASHED) return "not hashed: over 512 MiB";
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return "could not be read again";
  }
}

function section(title: string, columns: string[], table: Table): string {
  const shown = columns.filter((name) => columnOf(table, name));
  const side = (name: string): string => (isRight(shownAs(name).kind) ? ' class="r"' : "");
  const head = shown.map((name) => `<th${side(name)}>${escaped(shownAs(name).label)}</th>`).join("");
  const body: string[] = [];
  for (let row = 0; row < Math.min(MOST_ROWS, table.rows); row++) {
    body.push(`<tr>${shown.map((name) => `<td${side(name)}>${escaped(cellText(app.format, name, valueAt(columnOf(table, name), row)))}</td>`).join("")}</tr>`);
  }
  const rest = table.rows > MOST_ROWS ? `<p>and ${app.format.whole(table.rows - MOST_ROWS)} more rows</p>` : "";
  const notes = table.notes.map((note) => `<li>${escaped(note)}</li>`).join("");
  return `<h2>${escaped(title)}</h2><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>${rest}${notes === "" ? "" : `<ul>${notes}</ul>`}`;
}

const STYLE =
  "body{font:14px/1.45 sans-serif;margin:24px auto;max-width:1060px;padding:0 16px;color:#171c22;background:#fff}h1{font-size:22px}h2{font-size:16px;margin:26px 0 6px}table{border-collapse:collapse;width:100%;font-size:12.5px;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:3px 8px;border-bottom:1px solid #e3e7ec;vertical-align:top;overflow-wrap:anywhere}th{font-weight:400;color:#55606c}.r{text-align:right}code{font-size:12px}ul{color:#55606c}svg{max-width:100%;height:auto}";

function page(body: string, files: string): string {
  const { kept, extent, format } = app;
  const span = extent === null ? "" : `<p>Data from ${escaped(format.time(extent[0]))} to ${escaped(format.time(extent[1]))}, ${escaped(format.zone)}.</p>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>vnetflow report</title><style>${STYLE}</style></head><body><h1>Flow log report</h1><p>Filter: <code>${escaped(kept.filter === "" ? "none" : kept.filter)}</code>; a flow is counted ${kept.vantage === "once" ? "once" : "at every NIC that logged it"}.</p>${span}${files}\n${body}</body></html>\n`;
}
