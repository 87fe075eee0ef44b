/** Splitting: whatever guess is made, parts that are accepted give the rows of the whole, and the others are refused. */

import { expect, test } from "vitest";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { partEnds, recordStart } from "../../src/engine/split";

type Module = typeof import("../../../pkg/nodejs/vnetflow.js");
type Session = InstanceType<Module["Session"]>;

const { Session } = createRequire(import.meta.url)("../../../pkg/nodejs/vnetflow.js") as Module;

const corpus = new URL("../../../../tests/corpus/", import.meta.url).pathname;

const cases = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith("__"))
  .map(({ name }) => {
    const folder = join(corpus, name);
    const input = readdirSync(folder).find((file) => file.startsWith("input.")) ?? "";
    const settings = join(folder, "case.json");
    const source = existsSync(settings) ? (JSON.parse(readFileSync(settings, "utf8")) as { path: string }).path : input;
    return { name, source, bytes: readFileSync(join(folder, input)) };
  });

/** Rows in the order of the file, as text; and issues. */
function content(session: Session): { rows: string; issues: string } {
  const runs = Array.from(session.runs("", false));
  const placed = Array.from({ length: runs.length / 3 }, (_, run) => ({ run, base: runs[run * 3 + 1] ?? 0 }));
  placed.sort((one, other) => one.base - other.base || one.run - other.run);
  const columns = ["time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "state", "bytes_src_to_dst", "rule", "mac", "record_time", "source"];
  const decoder = new TextDecoder();
  return {
    rows: placed.map(({ run }) => decoder.decode(session.writeRun("", false, run, "ndjson", columns))).join(""),
    issues: JSON.stringify(session.issues()),
  };
}

function whole(source: string, bytes: Uint8Array): { rows: string; issues: string } {
  const session = new Session();
  session.start(source);
  session.push(bytes);
  session.finish();
  const found = content(session);
  session.free();
  return found;
}

/** Reads in parts as a worker does; where they don't fit together, as a whole. */
function inParts(source: string, bytes: Uint8Array, ends: number[]): { content: ReturnType<typeof content>; isSplit: boolean } {
  const session = new Session();
  let isClean = true;
  ends.forEach((to, place) => {
    const from = ends[place - 1] ?? 0;
    session.startPart(source, 0, from);
    session.push(bytes.subarray(from, to));
    const isBetween = session.isBetweenRecords();
    const issues = session.finish(place === 0);
    isClean &&= isBetween && issues === 0;
  });
  if (!isClean) {
    session.dropSplit(source, 0, 1);
    session.start(source, 0);
    session.push(bytes);
    session.finish();
  }
  const found = content(session);
  session.free();
  return { content: found, isSplit: isClean };
}

test.each(cases)("$name: parts from any record start on give the whole", ({ source, bytes }) => {
  const expected = whole(source, bytes);
  const text = bytes.toString("latin1");
  // Every brace, not only good guesses: a guess may be wrong in any way.
  const braces = Array.from(text.matchAll(/\{/g), ({ index }) => index).filter((at) => at > 0);
  for (const at of braces) {
    expect(inParts(source, bytes, [at, bytes.length]).content, `split at ${at}`).toEqual(expected);
  }
  const start = recordStart(text.slice(0, 4096));
  if (start !== null) {
    const all = Array.from(text.matchAll(new RegExp(start.replace(/[{}[\]"\s:]/g, "\\$&"), "g")), ({ index }) => index).filter((at) => at > 0);
    expect(inParts(source, bytes, [...all, bytes.length]).content).toEqual(expected);
  }
});

test("a large log is split at its records, and no tuple is lost", async () => {
  const record = (number: number): string =>
    `{"time":"2024-05-01T09:${String(number % 60).padStart(2, "0")}:00Z","macAddress":"00224871C205","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"a {\\"time\\": trap","flowTuples":["1714554000${String(number % 1000).padStart(3, "0")},10.1.1.4,10.2.0.5,${number % 65536},22,6,O,E,NX,1,2,3,4"]}]}]}}`;
  const bytes = Buffer.from(`{"records":[${Array.from({ length: 20_000 }, (_, number) => record(number)).join(",")}]}`);
  const ends = await partEnds(new Blob([bytes]), 500_000);
  expect(ends.length).toBeGreaterThan(5);
  const { content: found, isSplit } = inParts("big.json", bytes, ends);
  expect(isSplit).toBe(true);
  expect(found).toEqual(whole("big.json", bytes));
  expect(found.rows.split("\n").length - 1).toBe(20_000);
});
