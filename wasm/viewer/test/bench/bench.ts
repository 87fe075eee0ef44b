/**
 * How long a drop takes in real Chromium, and how long a change of the filter: `make bench-viewer`.
 *
 * Takes a folder of logs (of `vnetflow demo`) and how often; prints the median of each figure. The files are handed over
 * by an input element, as a drop hands them over: from disk.
 */

import { chromium, type Page } from "@playwright/test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../src/engine/protocol";
import { serve } from "../support/serve";

interface Figures {
  firstNumbersMs: number;
  everythingMs: number;
  filterMs: number;
  firstViewFilterMs: number;
  narrowFilterMs: number;
  windowMs: number;
  sortMs: number;
  longestTaskMs: number;
  tuples: number;
  memoryMegabytes: number;
}

declare global {
  interface Window {
    figures(files: FileList): Promise<Figures>;
  }
}

const [folder = "", times = "5"] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".json"))
  .map((name) => join(folder, name));
const { origin, server } = await serve({ "": join(process.cwd(), "dist-engine") });
const all: Figures[] = [];
for (let round = 0; round < Number(times); round++) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  try {
    all.push(await measured(await browser.newPage()));
  } finally {
    await browser.close();
  }
}
server.close();
for (const name of Object.keys(all[0] ?? {}) as (keyof Figures)[]) {
  const values = all.map((figures) => figures[name]).sort((one, other) => one - other);
  process.stdout.write(`${name.padEnd(18)} ${Math.round(values[Math.floor(values.length / 2)] ?? NaN)}   (${values.map(Math.round).join(" ")})\n`);
}

async function measured(page: Page): Promise<Figures> {
  await page.goto(`${origin}/engine.html`);
  await page.waitForFunction(() => document.title === "ready");
  await page.evaluate(() => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    document.body.append(input);
    const engine: Engine = window.page.createEngine();
    const panels = ["summary", "top", "timeline", "rules", "matrix", "conversations"];
    // What the page's first view asks besides.
    const further: [string, Record<string, unknown>][] = [
      ["top", { by: "dst_ip", n: 7 }], ["top", { by: ["dst_port", "protocol"], n: 25 }], ["denied", {}], ["exposure", {}], ["encryption", {}],
      ["beacons", {}], ["findings", {}],
    ];
    const ask = (): Promise<unknown> =>
      Promise.allSettled(
        panels.map((analysis) => engine.ask({ analysis, parameters: analysis === "timeline" && isReading ? { spread: false } : {} }, analysis)),
      );
    const askAll = (): Promise<unknown> =>
      Promise.allSettled([ask(), ...further.map(([analysis, parameters], key) => engine.ask({ analysis, parameters }, `further ${key}`))]);
    let isReading = true;
    let longestTaskMs = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, entry.duration);
    }).observe({ entryTypes: ["longtask"] });
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    window.figures = async (list) => {
      // Warm, as a page is when a person drops something: its rehearsal is over.
      await engine.check("");
      await new Promise((resolve) => setTimeout(resolve, 2000));
      let firstNumbersMs = NaN;
      let memoryBytes = 0;
      let tuples = 0;
      const start = performance.now();
      engine.onProgress((progress) => ({ memoryBytes, tuples } = progress));
      engine.onChange(() => {
        // Afterwards each change is asked for once, by whoever measures it.
        if (Number.isNaN(firstNumbersMs)) void engine.ask({ analysis: "summary" }, "first").then((table) => {
          const column = table.columns.find(({ name }) => name === "tuples");
          if (Number.isNaN(firstNumbersMs) && column?.type === "number" && (column.values[0] ?? 0) > 0) {
            firstNumbersMs = performance.now() - start;
          }
        }, () => undefined);
        if (isReading) void ask();
      });
      await engine.open(Array.from(list, (file) => ({ path: file.name, file })));
      isReading = false;
      await ask();
      const everythingMs = performance.now() - start;
      // The rest of the first view comes behind. A person looks at the answers first; meanwhile workers make ready for filters.
      await askAll();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const filterMs = await timed(async () => {
        await engine.setQuery({ filter: "tcp and not port 53", vantage: "all" });
        await ask();
      });
      const firstViewFilterMs = await timed(async () => {
        await engine.setQuery({ filter: "tcp and not port 22", vantage: "all" });
        await askAll();
      });
      const narrowFilterMs = await timed(async () => {
        await engine.setQuery({ filter: "denied and dst port 22", vantage: "all" });
        await ask();
      });
      const windowMs = await timed(async () => {
        await engine.setQuery({ filter: "time in 2024-05-01T10:00Z..2024-05-01T12:00Z", vantage: "all" });
        await ask();
      });
      await engine.setQuery({ filter: "", vantage: "all" });
      const columns = ["time", "src_ip", "dst_ip", "dst_port", "rule"];
      const sortMs = await timed(() => engine.rows({ columns, from: 0, count: 50, sort: { column: "time", descending: true } }));
      return { firstNumbersMs, everythingMs, filterMs, firstViewFilterMs, narrowFilterMs, windowMs, sortMs, longestTaskMs, tuples, memoryMegabytes: memoryBytes / 1e6 };
    };
  });
  const input = page.locator("input");
  await input.setInputFiles(files);
  return page.evaluate(() => window.figures((document.querySelector("input") as HTMLInputElement).files as FileList));
}
