/** The engine in real Chromium: what it reads and answers is what the corpus and the command line say. */

import { expect, test as base, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Engine } from "../../src/engine/protocol";
import { serve } from "../support/serve";
import { zipOf } from "../unit/support";

const root = join(process.cwd(), "../..");
const corpus = join(root, "tests/corpus");
const vnetflow = process.env["VNETFLOW"] ?? join(root, ".venv/bin/vnetflow");

/** A page with the engine, and every origin that it asked. */
const test = base.extend<{ engine: Page; origins: Set<string> }, { site: string }>({
  site: [
    async ({}, use) => {
      const { origin, server } = await serve({ "": join(process.cwd(), "dist-engine"), corpus, demo: join(root, "demo") });
      await use(origin);
      server.close();
    },
    { scope: "worker" },
  ],
  origins: async ({}, use) => {
    await use(new Set());
  },
  engine: async ({ page, site, origins }, use) => {
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:") origins.add(origin);
    });
    await page.goto(`${site}/engine.html`);
    await page.waitForFunction(() => document.title === "ready");
    await use(page);
    expect([...origins], "no other origin is ever asked").toEqual([site]);
  },
});

declare global {
  interface Window {
    /** The engine of a test that calls it more than once. */
    engine: Engine;
  }
}

interface Case {
  name: string;
  source: string;
  url: string;
  rows: string[];
  issues: number;
}

const lines = (path: string): string[] => readFileSync(path, "utf8").split("\n").filter(Boolean);

/** The corpus is of plain texts: one of them is a gzip file, which the page unpacks and finds empty. */
function issuesOf(folder: string, input: string): number {
  const isGzip = readFileSync(join(folder, input)).subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]));
  return isGzip ? 0 : lines(join(folder, "issues.ndjson")).length;
}

const cases: Case[] = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith("__"))
  .map(({ name }) => {
    const folder = join(corpus, name);
    const input = readdirSync(folder).find((file) => file.startsWith("input.")) ?? "";
    const settings = join(folder, "case.json");
    const source = existsSync(settings) ? (JSON.parse(readFileSync(settings, "utf8")) as { path: string }).path : input;
    return { name, source, url: `corpus/${name}/${input}`, rows: lines(join(folder, "rows.ndjson")), issues: issuesOf(folder, input) };
  });

test("the corpus through the page is the corpus", async ({ engine }) => {
  test.setTimeout(300_000);
  const found = await engine.evaluate(
    async (given) => {
      const engine = window.page.createEngine({ workers: 2 });
      const results: { name: string; rows: Record<string, unknown>[]; raw: string | null; issues: number }[] = [];
      for (const { name, source, url, columns } of given) {
        await engine.clear();
        await engine.open([{ path: source, file: await (await fetch(url)).blob() }]);
        const { table, total } = await engine.rows({ columns, from: 0, count: 10_000 });
        const raw = total > 0 ? (await engine.raw(total - 1)).text : null;
        results.push({ name, rows: window.page.objects(table), raw, issues: (await engine.issues()).length });
      }
      return results;
    },
    cases.map(({ rows, ...rest }) => ({ ...rest, columns: Object.keys((rows[0] ? JSON.parse(rows[0]) : { time: 0 }) as object).filter((name) => name !== "offset") })),
  );
  for (const [place, { name, rows, issues }] of cases.entries()) {
    const expected = rows.map((line) => {
      const quoted = line.replace(/"((?:packets|bytes)_\w+)": (\d{16,})/g, (_, key: string, digits: string) =>
        Number.isSafeInteger(Number(digits)) ? `"${key}": ${digits}` : `"${key}": "bigint:${digits}"`,
      );
      const { offset, ...row } = JSON.parse(quoted) as Record<string, unknown>;
      void offset;
      return row;
    });
    // A column with one value beyond 2^53 comes as bigints.
    const plain = found[place]?.rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === "string" && /^bigint:\d{1,15}$/.test(value) ? Number(value.slice(7)) : value])),
    );
    expect(plain, name).toEqual(expected);
    expect(found[place]?.issues, name).toBe(issues);
    if (rows.length > 0) expect(found[place]?.raw, name).toMatch(/^(?:[0-9]{10}|\\u00)/);
  }
});

test("a rehearsal in workers of its own makes the module quick, and ends by itself or with the first drop", async ({ engine }) => {
  const some = cases.find(({ rows }) => rows.length > 0);
  const made = async (): Promise<void> => {
    await engine.evaluate(() => void (window.engine = window.page.createEngine({ workers: 2 })));
    await expect.poll(() => engine.workers().length, { intervals: [10] }).toBe(4);
  };
  await made();
  await expect.poll(() => engine.workers().length, { timeout: 30_000 }).toBe(2);
  const none = await engine.evaluate(async () => (await window.engine.rows({ columns: ["time"], from: 0, count: 1 })).total);
  expect(none).toBe(0);
  await engine.reload();
  await made();
  const total = await engine.evaluate(async ({ source, url }) => {
    await window.engine.open([{ path: source, file: await (await fetch(url)).blob() }]);
    return (await window.engine.rows({ columns: ["time"], from: 0, count: 1 })).total;
  }, some as Case);
  expect(total).toBe(some?.rows.length);
  expect(engine.workers().length).toBe(2);
});

test("a folder of many files does not hold up the page: their sizes are looked up in turns", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const engine = window.page.createEngine({ workers: 2 });
    await engine.check("");
    const wait = (ms: number): void => {
      for (const until = performance.now() + ms; performance.now() < until; );
    };
    let [looks, most] = [0, 0];
    let before = 0;
    const files = Array.from({ length: 500 }, (_, number) => {
      const file = new File(["{}\n"], `${number}.json`);
      // Browsers look at each on the disk, and nothing else happens until they have.
      Object.defineProperty(file, "size", { get: () => (looks++, wait(1), 3) });
      return { path: file.name, file };
    });
    let bytes = 0;
    engine.onProgress((progress) => (bytes = progress.bytes));
    const opened = engine.open(files);
    // In between the page is heard.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      most = Math.max(most, looks - before);
      before = looks;
      port2.postMessage(null);
    };
    port2.postMessage(null);
    await opened;
    port1.close();
    return { looks, most, bytes };
  });
  expect(found).toMatchObject({ looks: 500, bytes: 1500 });
  expect(found.most).toBeLessThan(100);
});

test("the rehearsal does not hold up the page: its files are made in turns", async ({ engine }) => {
  const most = await engine.evaluate(async () => {
    let [made, before, most] = [0, 0, 0];
    const { Blob } = globalThis;
    globalThis.Blob = class extends Blob {
      constructor(...given: ConstructorParameters<typeof Blob>) {
        super(...given);
        made += this.size;
      }
    };
    const { port1, port2 } = new MessageChannel();
    const over = new Promise<number>((resolve) => {
      port1.onmessage = () => {
        most = Math.max(most, made - before);
        before = made;
        if (made > 10e6) resolve(most);
        else port2.postMessage(null);
      };
    });
    window.page.createEngine();
    port2.postMessage(null);
    return over;
  });
  // A file each.
  expect(most).toBeLessThan(2e6);
});

/** The demo network's logs on disk, as the command line reads them. */
function demoFolder(): string {
  const folder = join(mkdtempSync(join(tmpdir(), "vnetflow-")), "demo");
  execFileSync(vnetflow, ["demo", folder, "--hours", "2", "--quiet"]);
  return folder;
}

const ANALYSES: { name: string; parameters?: Record<string, unknown>; options?: string[] }[] = [
  { name: "summary" },
  { name: "top" },
  { name: "top", parameters: { by: ["dst_port", "action"], metric: "tuples", n: 5 }, options: ["--by", "dst_port", "--by", "action", "--metric", "tuples", "--n", "5"] },
  { name: "conversations" },
  { name: "endpoints" },
  { name: "timeline" },
  { name: "timeline", parameters: { every: "1h", spread: false, by: "action" }, options: ["--every", "1h", "--no-spread", "--by", "action"] },
  { name: "matrix" },
  { name: "rules" },
  { name: "denied" },
  { name: "sessions" },
  { name: "one_way" },
  { name: "encryption" },
  { name: "exposure" },
  { name: "scans" },
  { name: "beacons" },
  { name: "coverage" },
  { name: "findings" },
];

for (const [label, filter, vantage] of [
  ["everything", "", "all"],
  ["a filter", "tcp and not dst port 443", "all"],
  ["each flow once", "", "once"],
] as const) {
  test(`the demo network's numbers are the command line's: ${label}`, async ({ engine }) => {
    test.skip(!existsSync(vnetflow), "the command line is not built");
    const folder = demoFolder();
    const found = await engine.evaluate(
      async ({ asked, filter, vantage }) => {
        const engine = window.page.createEngine({ workers: 3 });
        await engine.openDemo(2);
        await engine.setQuery({ filter, vantage });
        return Promise.all(asked.map(async ({ name, parameters }) => window.page.objects(await engine.ask({ analysis: name, parameters: parameters ?? {} }))));
      },
      { asked: ANALYSES, filter, vantage },
    );
    const shared = ["--groups", join(folder, "groups.csv"), "--format", "json", "--vantage", vantage, ...(filter === "" ? [] : ["--filter", filter])];
    for (const [place, { name, options = [] }] of ANALYSES.entries()) {
      const text = execFileSync(vnetflow, [name.replace("_", "-"), folder, ...options, ...shared], { encoding: "utf8", maxBuffer: 1 << 28 });
      const parsed = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[];
      const expected = Array.isArray(parsed) ? parsed : [parsed];
      const rows = found[place] ?? [];
      expect(rows.length, `${name} ${options.join(" ")}`).toBe(expected.length);
      expect(rows.map(comparable), `${name} ${options.join(" ")}`).toEqual(expected.map(comparable));
    }
  });
}

/** Times to the millisecond, numbers to what a double shows. */
function comparable(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return [key, Date.parse(value)];
      return [key, typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(9)) : value];
    }),
  );
}

test("packed files are the plain ones", async ({ engine }) => {
  const plain = readFileSync(join(corpus, "capture_msdocs_vnet_overview", readdirSync(join(corpus, "capture_msdocs_vnet_overview")).find((name) => name.startsWith("input.")) ?? ""));
  const zip = Buffer.from(
    await zipOf([{ name: "a.json", bytes: plain }, { name: "b.json.gz", bytes: gzipSync(plain), method: 0 }, { name: "readme.md", bytes: Buffer.from("#") }], { wide: true }).arrayBuffer(),
  );
  const given = {
    plain: plain.toString("base64"),
    gzip: Buffer.concat([gzipSync(plain.subarray(0, 500)), gzipSync(plain.subarray(500)), Buffer.alloc(100)]).toString("base64"),
    zip: zip.toString("base64"),
  };
  const found = await engine.evaluate(async (given) => {
    const blob = (text: string): Blob => new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]);
    const count = async (text: string): Promise<unknown> => {
      const engine = window.page.createEngine({ workers: 2 });
      await engine.open([{ path: "some", file: blob(text) }]);
      const [row] = window.page.objects(await engine.ask({ analysis: "summary" }));
      return [row?.["tuples"], row?.["bytes"], row?.["issues"]];
    };
    return { plain: await count(given.plain), gzip: await count(given.gzip), zip: await count(given.zip) };
  }, given);
  const [tuples, bytes] = found.plain as [number, number];
  expect(tuples).toBeGreaterThan(10);
  expect(found.gzip).toEqual(found.plain);
  expect((found.zip as number[]).slice(0, 2)).toEqual([tuples * 2, bytes * 2]);
});

test("zip and gzip may hold what says something about logs", async ({ engine }) => {
  const folder = join(corpus, "capture_msdocs_vnet_overview");
  const plain = readFileSync(join(folder, readdirSync(folder).find((name) => name.startsWith("input.")) ?? ""));
  const nsg = JSON.stringify({ name: "web-nsg", securityRules: [], defaultSecurityRules: [] });
  const entries = [
    { name: "logs/PT1H.json", bytes: plain },
    { name: "groups.csv", bytes: Buffer.from("cidr,name\n10.0.0.0/8,inside\n") },
    { name: "nsg.json", bytes: Buffer.from(nsg) },
    { name: "notes.txt", bytes: Buffer.from("nothing of interest") },
    { name: "table.csv", bytes: Buffer.from("a,b\n1,2\n") },
  ];
  const zip = Buffer.from(await zipOf(entries).arrayBuffer()).toString("base64");
  const policy = gzipSync('{"default": "deny", "allow": []}').toString("base64");
  const found = await engine.evaluate(async ({ zip, policy }) => {
    const engine = window.page.createEngine({ workers: 2 });
    const file = (text: string): Blob => new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]);
    await engine.open([{ path: "all.zip", file: file(zip) }, { path: "policy.json.gz", file: file(policy) }]);
    const [row] = window.page.objects(await engine.ask({ analysis: "summary" }));
    return { sides: engine.sideFiles().map(({ name, kind }) => [name, kind]), issues: await engine.issues(), files: row?.["files"] };
  }, { zip, policy });
  expect(found.sides.sort()).toEqual([["all.zip/groups.csv", "groups"], ["all.zip/nsg.json", "nsg"], ["policy.json.gz", "policy"]]);
  expect(found.issues).toEqual([]);
  expect(found.files).toBe(1);
});

test("a policy may be YAML, and what is none says so", async ({ engine }) => {
  const folder = join(corpus, "capture_msdocs_vnet_overview");
  const log = readFileSync(join(folder, readdirSync(folder).find((name) => name.startsWith("input.")) ?? ""), "utf8");
  const yaml = "# who may reach whom\ngroups:\n  inside: [10.0.0.0/8, 'fd00::/8']\nallow:\n  - {from: inside, to: any, ports: [53, 443]}\n";
  const json = JSON.stringify({ groups: { inside: ["10.0.0.0/8", "fd00::/8"] }, allow: [{ from: "inside", to: "any", ports: [53, 443] }] });
  const zip = Buffer.from(await zipOf([{ name: "deep/policy.yml", bytes: Buffer.from(yaml) }, { name: "other.yaml", bytes: Buffer.from("a: [") }]).arrayBuffer());
  const found = await engine.evaluate(async ({ log, yaml, json, zip }) => {
    const bomb = `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, place) => `a${place + 1}: &a${place + 1} [*a${place}, *a${place}]\n`).join("")}`;
    const unzipped = new Blob([Uint8Array.from(atob(zip), (character) => character.charCodeAt(0))]);
    const ask = async (...files: [string, Blob | string][]) => {
      const engine = window.page.createEngine({ workers: 2 });
      await engine.open([{ path: "log.json", file: new Blob([log]) }, ...files.map(([path, file]) => ({ path, file: new Blob([file]) }))]);
      const sides = engine.sideFiles().map(({ name, kind }) => `${kind} ${name}`);
      const issues = (await engine.issues()).map(({ source, message }) => `${source}: ${message}`);
      const answer = sides.length === 0 ? [] : window.page.objects(await engine.ask({ analysis: "check" }));
      return { sides, issues, answer: answer.length, text: JSON.stringify(answer) };
    };
    return {
      json: await ask(["policy.json", json]),
      yaml: await ask(["policy.yaml", yaml]),
      zip: await ask(["all.zip", unzipped]),
      bad: await ask(["broken.yaml", "allow: [1, 2"], ["compose.yml", "services: {web: 1}"], ["bomb.yaml", bomb]),
    };
  }, { log, yaml, json, zip: zip.toString("base64") });
  expect(found.json.answer).toBeGreaterThan(0);
  expect(found.yaml).toEqual({ ...found.json, sides: ["policy policy.yaml"] });
  expect(found.zip).toMatchObject({ text: found.json.text, sides: ["policy all.zip/deep/policy.yml"] });
  expect(found.zip.issues).toEqual([expect.stringMatching(/^all\.zip\/other\.yaml: this is no YAML: /)]);
  expect(found.bad.sides).toEqual([]);
  expect(found.bad.issues).toEqual([
    expect.stringMatching(/^broken\.yaml: this is no YAML: /),
    "compose.yml: this YAML is no policy: that has a list `allow`, as for `vnetflow check`",
    expect.stringMatching(/^bomb\.yaml: this is no YAML: .*alias/),
  ]);
});

test("a large log in parts is the log in one piece, and sorted rows of many workers are in order", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const record = (number: number): string =>
      `{"time":"2024-05-01T09:00:00Z","macAddress":"00224871C205","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"r${number % 7}","flowTuples":["${1714554000000 + ((number * 7919) % 3_600_000)},10.1.${number % 9}.${number % 251},10.2.0.5,${number % 65536},22,6,O,E,NX,1,${(number * 31) % 100_003},3,4"]}]}]}}`;
    const text = `{"records":[${Array.from({ length: 60_000 }, (_, number) => record(number)).join(",")}]}`;
    const columns = ["time", "src_ip", "src_port", "bytes_src_to_dst", "rule"];
    const seen = [];
    for (const partBytes of [1_000_000, 1_000_000_000]) {
      const engine = window.page.createEngine({ workers: 3, split: { partBytes } });
      await engine.open([{ path: "big.json", file: new Blob([text]) }]);
      const [summary] = window.page.objects(await engine.ask({ analysis: "summary" }));
      const rowsAt = async (from: number, sort?: { column: string; descending: boolean }): Promise<unknown> =>
        window.page.objects((await engine.rows({ columns, from, count: 40, ...(sort ? { sort } : {}) })).table);
      const plain = [await rowsAt(0), await rowsAt(31_000), await rowsAt(59_990)];
      const raw = await engine.raw(3);
      const sorted = [];
      for (const column of columns) {
        for (const from of [0, 29_999, 59_980]) {
          const rows = (await rowsAt(from, { column, descending: from === 0 })) as Record<string, unknown>[];
          sorted.push(rows.map((row) => row[column]));
        }
      }
      await engine.setQuery({ filter: "src port < 100", vantage: "all" });
      const csv = await (await engine.exportRows("csv", columns)).text();
      seen.push({ summary, plain, raw, sorted, csv });
    }
    return seen;
  });
  expect(found[0]?.summary).toEqual(found[1]?.summary);
  expect(found[0]?.plain).toEqual(found[1]?.plain);
  expect(found[0]?.raw).toEqual(found[1]?.raw);
  expect(found[0]?.raw.text).toMatch(/^1714\d+,10\.1\./);
  expect(found[0]?.sorted).toEqual(found[1]?.sorted);
  expect(found[0]?.csv).toBe(found[1]?.csv);
});

test("reading can be cancelled, and what was read stays", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const tuple = '"1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,D,NX,0,0,0,0"';
    const record = `{"time":"2024-05-01T09:00:00Z","macAddress":"00224871C205","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"r","flowTuples":[${Array(500).fill(tuple).join(",")}]}]}]}}`;
    const block = new Blob([Array(500).fill(record).join(",")]);
    const file = new Blob(['{"records":[', ...Array.from({ length: 15 }, () => [block, ","]).flat(), record, "]}"]);
    const engine = window.page.createEngine({ workers: 2 });
    const phases = new Set<string>();
    engine.onProgress(({ phase }) => phases.add(phase));
    const stop = engine.onChange(() => engine.cancel());
    await engine.open([{ path: "a.json", file }]);
    stop();
    const [summary] = window.page.objects(await engine.ask({ analysis: "summary" }));
    const all = 15 * 500 * 500 + 500;
    await engine.clear();
    await engine.open([{ path: "b.json", file: new Blob([`{"records":[${record}]}`]) }]);
    const [after] = window.page.objects(await engine.ask({ analysis: "summary" }));
    return { phases: [...phases], tuples: Number(summary?.["tuples"]), all, after: after?.["tuples"] };
  });
  expect(found.phases).toContain("cancelled");
  expect(found.tuples).toBeGreaterThan(0);
  expect(found.tuples).toBeLessThan(found.all);
  expect(found.after).toBe(500);
});

test("past the memory budget rows are dropped, and questions that were asked go on", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const tuple = (number: number): string => `"1714554000000,10.1.1.${number % 250},10.2.0.5,50000,22,6,O,E,NX,1,2,3,4"`;
    const record = `{"time":"2024-05-01T09:00:00Z","macAddress":"00224871C205","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"r","flowTuples":[${Array.from({ length: 500 }, (_, number) => tuple(number)).join(",")}]}]}]}}`;
    const block = new Blob([Array(500).fill(record).join(",")]);
    const files = Array.from({ length: 12 }, (_, number) => ({ path: `${number}.json`, file: new Blob(['{"records":[', block, "]}"]) }));
    const engine = window.page.createEngine({ workers: 2, memoryBudgetBytes: 120_000_000 });
    let isDropped = false;
    engine.onProgress(({ rowsDropped }) => (isDropped ||= rowsDropped));
    engine.onChange(() => void engine.ask({ analysis: "summary" }, "summary").catch(() => undefined));
    await engine.open(files);
    const [summary] = window.page.objects(await engine.ask({ analysis: "summary" }));
    const matrix = await engine.ask({ analysis: "matrix" });
    await engine.setQuery({ filter: "dst port 22", vantage: "all" });
    const filtered = await engine.ask({ analysis: "summary" });
    return { isDropped, tuples: summary?.["tuples"], all: 12 * 500 * 500, filtered: window.page.objects(filtered)[0]?.["tuples"], notes: filtered.notes, matrixNotes: matrix.notes };
  });
  expect(found.isDropped).toBe(true);
  expect(found.tuples).toBe(found.all);
  expect(found.filtered).toBeLessThan(found.all);
  expect(found.notes.join()).toContain("memory budget");
});

test("many filters at once each count a flow once, as one after the other", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const engine = window.page.createEngine({ workers: 2 });
    await engine.openDemo(1);
    await engine.setQuery({ filter: "", vantage: "once" });
    const filters = ["tcp", "udp", "denied", "dst port 22", "dst port 443", "inbound", "src private", "host 10.1.1.4", "tcp"];
    const tuples = async (filter: string): Promise<number> => {
      const column = (await engine.ask({ analysis: "summary", filter })).columns.find(({ name }) => name === "tuples");
      return column?.type === "number" ? (column.values[0] ?? NaN) : NaN;
    };
    const atOnce = await Promise.all([...filters, ...filters].map(tuples));
    const again = await Promise.all([...filters].reverse().map(tuples));
    const inTurn = [];
    for (const filter of filters) inTurn.push(await tuples(filter));
    await engine.setQuery({ filter: "", vantage: "all" });
    const all = await Promise.all(filters.map(tuples));
    return { atOnce, again, inTurn, all };
  });
  expect(found.atOnce).toEqual([...found.inTurn, ...found.inTurn]);
  expect([...found.again].reverse()).toEqual(found.inTurn);
  expect(found.all[0]).toBeGreaterThan(found.inTurn[0] ?? NaN);
});

test("what the findings over everything tell is what was read", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const analyses = ["findings", "exposure", "beacons", "one_way", "summary"];
    const filters = ["tcp and not port 22", "dst port 443", "denied", "src public"];
    const made = (): ReturnType<typeof window.page.createEngine> => window.page.createEngine({ workers: 2 });
    const ask = async (engine: ReturnType<typeof made>, filter: string): Promise<unknown[]> => {
      await engine.setQuery({ filter, vantage: "all" });
      return Promise.all(analyses.map((analysis) => engine.ask({ analysis })));
    };
    // One by one, each other's answers tell nothing.
    const alone = async (engine: ReturnType<typeof made>, filter: string): Promise<unknown[]> => {
      await engine.setQuery({ filter, vantage: "all" });
      const tables = [];
      for (const analysis of [...analyses].reverse()) tables.unshift(await engine.ask({ analysis }));
      return tables;
    };
    const told = made();
    const rounds = [];
    for (const hours of [1, 2]) {
      await told.openDemo(hours);
      await ask(told, "");
      const plain = made();
      for (const before of hours === 1 ? [1] : [1, 2]) await plain.openDemo(before);
      for (const filter of filters) {
        rounds.push({ filter, hours, told: JSON.stringify(await ask(told, filter)), alone: JSON.stringify(await alone(plain, filter)) });
      }
    }
    return rounds;
  });
  for (const { filter, hours, told, alone } of found) expect(told, `${filter}, after ${hours}`).toBe(alone);
  expect(new Set(found.map(({ told }) => told)).size, "more logs and other filters have other answers").toBe(found.length);
});

test("a filter that can't be read is named with its place", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const engine = window.page.createEngine({ workers: 2 });
    const failure: unknown = await engine.setQuery({ filter: "port 22 and denyed", vantage: "all" }).catch((error: unknown) => error);
    const { problem, explained } = await engine.check("denied and port 22 or 3389");
    return { cause: failure instanceof Error ? failure.cause : null, problem, explained };
  });
  expect(found.cause).toMatchObject({ start: 12, end: 18, suggestion: "denied" });
  expect(found).toMatchObject({ problem: null, explained: "(denied and port in (22, 3389))" });
});

test("a later question with the same key replaces an earlier one", async ({ engine }) => {
  const found = await engine.evaluate(async () => {
    const engine = window.page.createEngine({ workers: 2 });
    await engine.openDemo(1);
    const asked = [1, 2, 3].map((n) => engine.ask({ analysis: "top", parameters: { n } }, "top").then(({ rows }) => rows, (error: unknown) => (error as Error).constructor.name.length > 0 && "replaced"));
    return Promise.all(asked);
  });
  expect(found).toEqual(["replaced", "replaced", 4]);
});
