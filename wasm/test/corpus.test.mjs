// The whole corpus through WebAssembly: rows, issues and summaries must be those of every other face.

import test from "node:test";
import assert from "node:assert/strict";
import { ask, cases, read, rows } from "./support.mjs";

const CHUNKS = [7, 64 * 1024];

const COLUMNS = [
  "time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action", "state", "encryption",
  "packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src", "rule", "acl_id", "mac",
  "target_resource_id", "flow_log_resource_id", "rule_origin", "flow_log_version", "record_time", "source", "offset",
];

for (const chunk of CHUNKS) {
  test(`every case gives the expected rows in chunks of ${chunk}`, () => {
    for (const { name, source, input, rows: expected } of cases()) {
      const found = ask(read(source, input, chunk, { offsets: true }), (session) => rows(session, COLUMNS));
      assert.deepEqual(found, expected, name);
    }
  });

  test(`every case gives the expected issues in chunks of ${chunk}`, () => {
    for (const { name, source, input, issues: expected } of cases()) {
      const found = ask(read(source, input, chunk), (session) => session.issues());
      assert.ok(found.every((issue) => issue.source === source && issue.count === 1), name);
      assert.deepEqual(found.map(({ source: _source, count: _count, ...issue }) => issue), expected, name);
    }
  });
}

test("a summary counts what the expected rows hold", () => {
  for (const { name, source, input, rows: expected, issues } of cases()) {
    const summary = ask(read(source, input, 4096), (session) => session.answer("summary")[0]);
    const times = expected.map((row) => row.time).sort();
    const isFlow = (row) => row.action === "deny" || row.state === null || row.state === "begin";
    const counted = {
      files: 1,
      tuples: expected.length,
      flows: expected.filter(isFlow).length,
      allowed: expected.filter((row) => row.action === "allow").length,
      denied: expected.filter((row) => row.action === "deny").length,
      issues: issues.length,
      first_time: times.at(0) ?? null,
      last_time: times.at(-1) ?? null,
      nics: new Set(expected.map((row) => row.mac).filter((mac) => mac !== null)).size,
      versions: [...new Set(expected.map((row) => row.flow_log_version))].sort(),
    };
    for (const [key, value] of Object.entries(counted)) {
      assert.deepEqual(summary[key], value, `${name}: ${key}`);
    }
    for (const counter of ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"]) {
      const logged = expected.map((row) => row[counter]).filter((value) => value !== null);
      const sum = logged.reduce((sum, value) => sum + BigInt(value), 0n);
      const fits = logged.length > 0 && sum < 2n ** 64n;
      assert.equal(summary[counter] === null ? null : BigInt(summary[counter]), fits ? sum : null, `${name}: ${counter}`);
    }
  }
});
