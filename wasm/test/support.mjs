// Loads the module and the corpus, and turns pages into the corpus' rows.

import { readFileSync, readdirSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** The module as `wasm/build.sh` built it for Node. */
export const vnetflow = require("../pkg/nodejs/vnetflow.js");

const CORPUS = fileURLToPath(new URL("../../tests/corpus", import.meta.url));

const TIMES = new Set(["time", "record_time"]);

/** Every case of the corpus: name, source, input, rows, issues. */
export function cases() {
  const folders = readdirSync(CORPUS, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith("__"));
  return folders.map(({ name }) => {
    const folder = join(CORPUS, name);
    const input = readdirSync(folder).find((file) => file.startsWith("input."));
    const settings = join(folder, "case.json");
    return {
      name,
      source: existsSync(settings) ? JSON.parse(readFileSync(settings, "utf8")).path : input,
      input: readFileSync(join(folder, input)),
      rows: lines(readFileSync(join(folder, "rows.ndjson"), "utf8")),
      issues: lines(readFileSync(join(folder, "issues.ndjson"), "utf8")),
    };
  });
}

/** JSON lines, with whole numbers beyond 2^53 as bigint: JSON.parse alone would round them. */
function lines(text) {
  const quoted = text.replace(/"((?:packets|bytes)_\w+)": (\d{16,})/g, '"$1": "bigint:$2"');
  const revive = (_, value) => {
    const isBig = typeof value === "string" && value.startsWith("bigint:");
    return isBig ? BigInt(value.slice("bigint:".length)) : value;
  };
  return quoted.split("\n").filter(Boolean).map((line) => JSON.parse(line, revive));
}

/** Reads one source in chunks of that size. The session must be freed: it lives in the module's memory. */
export function read(source, input, chunk, options = {}) {
  const session = new vnetflow.Session(options);
  session.start(source);
  for (let at = 0; at < input.length; at += chunk) {
    session.push(input.subarray(at, at + chunk));
  }
  session.finish();
  return session;
}

/** What `ask` gets out of a session, which is then freed. */
export function ask(session, ask) {
  try {
    return ask(session);
  } finally {
    session.free();
  }
}

/** All rows of all pages, as objects with these columns. */
export function rows(session, names) {
  return Array.from({ length: session.pageCount() }, (_, page) => session.columns(page, names)).flatMap((columns) => {
    const length = columns[names[0]].values.length;
    return Array.from({ length }, (_, row) => Object.fromEntries(names.map((name) => [name, cell(name, columns[name], row)])));
  });
}

function cell(name, { values, dictionary, valid }, row) {
  const value = values[row];
  if (dictionary) {
    return dictionary[value] ?? null;
  }
  if (valid && !valid[row]) {
    return null;
  }
  if (TIMES.has(name)) {
    return Number.isNaN(value) ? null : new Date(value).toISOString();
  }
  return typeof value === "bigint" && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
