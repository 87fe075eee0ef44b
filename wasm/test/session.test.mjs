// What a page's script meets: options, errors, results, speed.

import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cases, read, rows, vnetflow } from "./support.mjs";

const overview = cases().find(({ name }) => name === "capture_msdocs_vnet_overview");

function session(options) {
  return read(overview.source, overview.input, 1000, options);
}

test("options narrow what is read", () => {
  const all = overview.rows;
  const kept = (options) => session(options).answer("summary")[0].tuples;
  assert.equal(kept({ filter: "denied" }), all.filter((row) => row.action === "deny").length);
  assert.equal(kept({ macs: ["11:22:33:44:55:66"] }), all.length);
  assert.equal(kept({ macs: [] }), 0);
  const middle = Date.parse(all[9].time);
  assert.equal(kept({ startMs: middle }) + kept({ endMs: middle }), all.length);
  assert.equal(session({ pageRows: 1 }).pageCount() >= 1, true);
});

test("groups name networks for filters and keys", () => {
  const groups = "cidr,name\n10.0.0.0/8,inside\n";
  const [first] = session({ groups }).answer("top", { by: "src_group", metric: "tuples" });
  const inside = overview.rows.filter((row) => row.src_ip.startsWith("10.")).length;
  assert.deepEqual([first.src_group, first.tuples], inside * 2 > overview.rows.length ? ["inside", inside] : [null, overview.rows.length - inside]);
  assert.equal(session({ groups, filter: "src group inside" }).answer("summary")[0].tuples, inside);
});

test("top ranks keys and sums up the others", () => {
  const tuples = new Map();
  overview.rows.forEach((row) => tuples.set(row.dst_ip, (tuples.get(row.dst_ip) ?? 0) + 1));
  const most = Math.max(...tuples.values());
  const ranked = session().answer("top", { by: ["dst_ip"], metric: "tuples", n: 1 });
  assert.equal(ranked[0].tuples, most);
  assert.equal(ranked.at(-1).dst_ip, tuples.size > 1 ? null : ranked[0].dst_ip);
  assert.equal(ranked.reduce((sum, row) => sum + row.tuples, 0), overview.rows.length);
});

test("several sources make one session", () => {
  const twice = session();
  twice.start("again.json");
  twice.push(overview.input);
  twice.finish();
  const summary = twice.answer("summary")[0];
  assert.deepEqual([summary.files, summary.tuples], [2, overview.rows.length * 2]);
  assert.equal(summary.repeated_records * 2, summary.records);
});

test("mistakes are errors with the core's message", () => {
  const says = (work, message) => assert.throws(work, (error) => error instanceof Error && message.test(error.message));
  says(() => session({ filter: "denyed" }), /unknown word `denyed` at column 1: did you mean `denied`\?/);
  says(() => session({ fliter: "denied" }), /unknown option `fliter`: expected one of filter,/);
  says(() => session({ filter: 5 }), /expected a string for the option `filter`/);
  says(() => session({ startMs: 0.5 }), /expected a whole number for the option `startMs`/);
  says(() => session({ groups: "cidr,name\nnowhere,x\n" }), /nowhere/);
  says(() => session().answer("top", { by: "colour" }), /unknown key `colour`/);
  says(() => session().answer("top", { metric: "colour" }), /unknown metric `colour`/);
  says(() => session().columns(0, ["colour"]), /unknown column `colour`/);
  says(() => session().columns(0, ["offset"]), /the option `offsets`/);
  says(() => session().columns(9, ["time"]), /expected a page below 1, found 9/);
});

test("pages outlive their session", () => {
  const short = session();
  const page = short.columns(0);
  short.free();
  assert.equal(page.time.values.length, overview.rows.length);
  assert.equal(Object.keys(page).length, 22);
});

test("the module asks its host for neither time nor randomness", () => {
  const file = fileURLToPath(new URL("../pkg/nodejs/vnetflow_bg.wasm", import.meta.url));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file))).map(({ name }) => name);
  assert.deepEqual(imports.filter((name) => /random|crypto|now|date|performance|fetch/i.test(name)), []);
  assert.ok(statSync(file).size < 1_500_000, `${statSync(file).size} bytes`);
});

test("a large log is read right, and at a speed that is printed", (context) => {
  const tuple = (n) => `"${1714554000000 + n},10.1.${n % 250}.${n % 97},10.2.1.4,${1024 + (n % 60000)},443,6,I,C,NX,${n % 900},${n % 90000},${n % 700},${n % 900000}"`;
  const record = (r) => `{"time":"2024-05-01T09:00:30Z","macAddress":"00224871C205","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"UserRule_web","flowTuples":[${Array.from({ length: 400 }, (_, n) => tuple(r * 400 + n)).join(",")}]}]}]}}`;
  const input = new TextEncoder().encode(`{"records":[${Array.from({ length: 1000 }, (_, r) => record(r)).join(",")}]}`);
  const started = performance.now();
  const large = read("large.json", input, 1 << 20);
  const seconds = (performance.now() - started) / 1000;
  context.diagnostic(`${(input.length / 1e6).toFixed(0)} MB in ${seconds.toFixed(2)} s: ${(input.length / 1e6 / seconds).toFixed(0)} MB/s`);
  const summary = large.answer("summary")[0];
  assert.deepEqual([summary.tuples, summary.records, summary.issues], [400_000, 1000, 0]);
  assert.equal(rows(large, ["src_port"]).length, 400_000);
  // The first page is full sooner than others; pages end with a whole record.
  assert.deepEqual([0, 1, 2].map((page) => large.columns(page, ["src_port"]).src_port.values.length), [16_400, 131_200, 131_200]);
});
