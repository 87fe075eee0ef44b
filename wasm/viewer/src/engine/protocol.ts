/**
 * What the page and the engine say to each other: the one agreement between the views and the workers.
 *
 * The page only draws and asks. Everything it shows comes as a `Table` that the core made, under the analysis' public
 * name and with the columns that Python and the command line have.
 */

/** One column of a result; all columns of a table have the same length. */
export type Column =
  /** Counters and scores; NaN is null. */
  | { name: string; type: "number"; values: Float64Array }
  /** Counters of which one lies beyond 2^53, so that none is ever rounded; null is null. */
  | { name: string; type: "bigint"; values: (bigint | null)[] }
  /** Milliseconds since 1970 UTC; NaN is null. */
  | { name: string; type: "time"; values: Float64Array }
  /** Text as positions in a dictionary; a position beyond its end is null. */
  | { name: string; type: "text"; codes: Uint32Array; dictionary: string[] }
  | { name: string; type: "boolean"; values: (boolean | null)[] }
  | { name: string; type: "numbers"; values: number[][] };

/** A result. */
export interface Table {
  rows: number;
  columns: Column[];
  /** What a reader must know of this answer, a sentence each. */
  notes: string[];
}

/** What a result answers: an analysis' public name, its public parameters, and what counts. */
export interface Question {
  analysis: string;
  /** By the names of Python's keyword arguments. Default: none. */
  parameters?: Record<string, unknown>;
  /** In the filter language; instead of the query's filter. Default: the query's. */
  filter?: string;
}

/** What every panel's answer is narrowed to. */
export interface Query {
  /** In the filter language; empty passes all. */
  filter: string;
  /** Count a flow at every NIC that logged it, or at one. */
  vantage: "all" | "once";
}

/** How far reading is. Sent at most every 50 ms while reading, and once at the end. */
export interface Progress {
  phase: "idle" | "reading" | "done" | "cancelled";
  files: number;
  filesDone: number;
  /** Bytes on disk, of all files given so far. */
  bytes: number;
  bytesDone: number;
  tuples: number;
  issues: number;
  /** Wasm memory of all workers, in bytes, and the budget past which rows are dropped. */
  memoryBytes: number;
  memoryBudgetBytes: number;
  /** True once rows were dropped: aggregates go on, the flow table and filters see only what is kept. */
  rowsDropped: boolean;
}

/** Something that could not be read. */
export interface Issue {
  source: string;
  offset: number;
  record: number | null;
  tuple: number | null;
  kind: string;
  message: string;
  /** Tuples lost; null where that can't be known. */
  skipped: number | null;
  /** How many issues this one stands for. */
  count: number;
}

/** A file that is no log but says something about logs: names, rules, a policy, addresses to look for. */
export interface SideFile {
  id: number;
  name: string;
  kind: "groups" | "nsg" | "policy" | "block_list";
  /** One line: what was found in it, such as `12 networks in 5 groups`. */
  about: string;
}

/** Where a filter text can't be read. */
export interface FilterProblem {
  message: string;
  /** Column in the text, from 0, in UTF-16 units. */
  start: number;
  end: number;
  suggestion: string | null;
}

/** What could stand at the cursor of a filter text. */
export interface Completion {
  /** Replaces the text from `start` to the cursor. */
  text: string;
  start: number;
  kind: "keyword" | "column" | "value" | "group";
  about: string | null;
}

/** A page of tuples in the order asked for, with the columns of the tuple table. */
export interface RowsQuestion {
  columns: string[];
  /** Default: in the order of files. */
  sort?: { column: string; descending: boolean };
  from: number;
  count: number;
}

/** Rows of the tuple table. `total` is how many pass the filter. */
export interface Rows {
  total: number;
  table: Table;
}

/** One tuple in its place. */
export interface RawTuple {
  source: string;
  offset: number;
  /** The tuple's text as logged; null where its file is gone. */
  text: string | null;
}

/** A file, with the folder path it was dropped under. */
export interface NamedFile {
  path: string;
  file: Blob;
}

/** The engine as the page sees it. Every promise rejects with an `Error` whose message can be shown. */
export interface Engine {
  /** Adds logs and side files, told apart by content. Resolves when all are read or cancelled. */
  open(files: NamedFile[]): Promise<void>;
  /** Adds the demo network's logs, generated here. */
  openDemo(hours: number): Promise<void>;
  cancel(): void;
  /** Forgets everything. */
  clear(): Promise<void>;

  /** What follows is narrowed to this. Rejects with a `FilterProblem` in `cause` where the filter can't be read. */
  setQuery(query: Query): Promise<void>;
  /** An analysis over all that is read so far. A later question with the same key makes an earlier one reject with `Superseded`. */
  ask(question: Question, key?: string): Promise<Table>;
  /** The analyses that answer with several tables (`host`). */
  askAll(question: Question, key?: string): Promise<Record<string, Table>>;
  rows(question: RowsQuestion): Promise<Rows>;
  /** Where a row of the last `rows` answer stands in its file. */
  raw(row: number): Promise<RawTuple>;

  issues(): Promise<Issue[]>;
  sideFiles(): SideFile[];
  removeSideFile(id: number): Promise<void>;

  check(filter: string): Promise<{ problem: FilterProblem | null; explained: string | null }>;
  complete(filter: string, cursor: number): Promise<Completion[]>;

  /** The filtered tuples. Parquet's writer is loaded on first use. */
  exportRows(format: "csv" | "ndjson" | "parquet", columns: string[]): Promise<Blob>;

  /** Another set of logs, to compare with: `diff` with `side` says which side these logs here are, and the others are the other. */
  other(): Engine;
  forgetOther(): void;

  onProgress(listener: (progress: Progress) => void): () => void;
  /** Called when answers may have changed: after reading, a new query or side file, and while reading about every half second. */
  onChange(listener: () => void): () => void;
}

/** A question that a later one with the same key replaced. */
export class Superseded extends Error {}
