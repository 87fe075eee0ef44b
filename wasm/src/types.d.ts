/** What to read. Everything is optional; nothing given reads everything. */
export interface SessionOptions {
  /** Keep only tuples that pass, in the filter language. */
  filter?: string;
  /** Keep only tuples logged at or after this time, in milliseconds since 1970 UTC. */
  startMs?: number;
  /** Keep only tuples logged before this time, in milliseconds since 1970 UTC. */
  endMs?: number;
  /** Keep only tuples logged at one of these NICs; `:` and `-` are ignored. */
  macs?: string[];
  /** Names for networks: CSV with the columns `cidr,name`, or JSON. */
  groups?: string;
  /** Keep the column `offset` (default: false). */
  offsets?: boolean;
  /** A page is full from this many rows on (default: 131072), the first one from at most 16384 on; it ends with a whole record. */
  pageRows?: number;
}

/** Something that could not be read. */
export interface Issue {
  source: string;
  /** Byte in the source. */
  offset: number;
  /** Number of the record in the source, from 0. */
  record: number | null;
  /** Number of the tuple in the record, from 0. */
  tuple: number | null;
  kind: string;
  message: string;
  /** Tuples lost; null where that can't be known. */
  skipped: number | null;
  /** How many issues this one stands for. */
  count: number;
}

/** Numbers beyond 2^53 come as bigint, so that none is ever rounded. Times are RFC 3339 in UTC. */
export type Value = string | number | bigint | number[] | null;

/** One row of a result, by the names of its columns. */
export type Row = Record<string, Value>;

/**
 * One column of a page. All arrays have one entry a row.
 *
 * Times are milliseconds since 1970 UTC, NaN for null. With a `dictionary`, `values` are positions in it; a position
 * beyond its end is null. With `valid`, a row whose entry there is 0 is null.
 */
export interface PageColumn {
  values: Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array;
  dictionary?: string[];
  valid?: Uint8Array;
}

/** A page's columns, by name. */
export type Page = Record<string, PageColumn>;

/** One column of an answer; all columns of a table have the same length. */
export type TableColumn =
  /** NaN is null. */
  | { name: string; type: "number"; values: Float64Array }
  /** Counters of which one lies beyond 2^53. */
  | { name: string; type: "bigint"; values: (bigint | null)[] }
  /** Milliseconds since 1970 UTC; NaN is null. */
  | { name: string; type: "time"; values: Float64Array }
  /** Positions in a dictionary; a position beyond its end is null. */
  | { name: string; type: "text"; codes: Uint32Array; dictionary: string[] }
  | { name: string; type: "boolean"; values: (boolean | null)[] }
  | { name: string; type: "numbers"; values: number[][] };

/** An answer. */
export interface Table {
  rows: number;
  columns: TableColumn[];
  /** What a reader must know of this answer, a sentence each. */
  notes: string[];
}

/** A text column whose dictionary is one string, cut by the lengths of its parts. */
export interface PackedText {
  name: string;
  type: "text";
  codes: Uint32Array;
  text: string;
  lengths: Uint32Array;
}

/** A table that is quick to post to another thread. */
export interface PackedTable {
  rows: number;
  columns: (Exclude<TableColumn, { type: "text" }> | PackedText)[];
  notes: string[];
}

/** Where a row stands: its source, the byte where its record starts, and its number among the rows of the record. */
export interface RowPlace {
  source: string;
  place: number;
  recordOffset: number;
  rowInRecord: number;
}

/** What a file that is no log turned out to be. */
export interface SideFile {
  kind: "groups" | "nsg" | "policy" | "block_list";
  about: string;
}

/** What a filter means, or what is wrong with it. Columns count from 0, in UTF-16 units. */
export interface Checked {
  problem: { message: string; start: number; end: number; suggestion: string | null } | null;
  explained: string | null;
}

/** What could stand at the cursor of a filter. */
export interface Completion {
  text: string;
  start: number;
  kind: "keyword" | "column" | "value" | "group";
  about: string;
}
