/** What page and workers say to each other about reading: sources, parts of them, and how reading went. */

/** Where a source's bytes are. */
export interface Source {
  /** As it is named in issues and in the column `source`. */
  name: string;
  /** The file that holds it. */
  file: Blob;
  /** For an entry of a zip: where its bytes are in the file and how they are stored there. */
  entry: ZipEntry | null;
}

/** An entry of a zip. */
export interface ZipEntry {
  name: string;
  /** Of its local header. */
  headerOffset: number;
  storedBytes: number;
  unpackedBytes: number;
  isDeflated: boolean;
  /** By its name; else it is read only if it says something about logs. */
  isLog: boolean;
}

/** A source or a part of one, to be read by one worker. */
export interface ReadTask {
  /** Number of the source among all. */
  place: number;
  source: Source;
  /** The part from one byte to another one; null reads all. */
  part: { from: number; to: number } | null;
  /** A source from which parts may be made reads as a whole only with this. */
  isWhole: boolean;
}

/** How many bytes a part has at least; a source that makes no two of them is read as a whole. */
export interface SplitLimits {
  partBytes: number;
}

/** What became of a task. */
export type ReadResult =
  /** Read; `isClean` where a part ended between two records and nothing was wrong in it. */
  | { kind: "read"; isClean: boolean }
  /** To be read in the parts that end at these bytes. */
  | { kind: "split"; ends: number[] }
  | { kind: "zip"; entries: ZipEntry[] }
  | { kind: "side"; text: string; sideKind: "groups" | "nsg" | "policy" | "block_list"; about: string }
  | { kind: "cancelled" };

/** What a worker tells while it reads. */
export interface WorkerProgress {
  /** Bytes of files read since the last time. */
  bytes: number;
  tuples: number;
  issues: number;
  memoryBytes: number;
  droppedTuples: number;
}
