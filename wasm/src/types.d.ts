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
  /** A page is full from this many rows on; it ends with a whole record (default: 131072). */
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

/** What `top` shall show. */
export interface TopOptions {
  /** Columns, `pair`, `conversation`, `src_group`, `dst_group`, `src_net/24` (default: `src_ip`). */
  by?: string | string[];
  /** The counter that decides (default: `bytes`). */
  metric?: string;
  /** How many keys (default: 10). */
  n?: number;
  /** The smallest instead of the biggest (default: false). */
  bottom?: boolean;
}

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
