/** Finds a tuple's text again in its file: rows keep where their record starts, and the record is read once more. */

import type { Source } from "./tasks";
import { textOf } from "./unpacked";
import { isGzip } from "./gzip";

/** Records are 32 KB at most in Azure's logs; others may be longer. */
const FIRST_BYTES = 128 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;

type TupleAt = (record: Uint8Array, rowInRecord: number) => Float64Array | undefined;

/** The byte where the tuple's text starts, and the text; both null where the record does not hold it any more. */
export async function textOfTuple(
  source: Source,
  recordOffset: number,
  rowInRecord: number,
  tupleAt: TupleAt,
): Promise<{ offset: number; text: string } | null> {
  for (let bytes = FIRST_BYTES; bytes <= MOST_BYTES; bytes *= 4) {
    const record = await range(source, recordOffset, recordOffset + bytes);
    const [start, end] = tupleAt(record, rowInRecord) ?? [];
    if (start !== undefined && end !== undefined) {
      return { offset: recordOffset + start, text: new TextDecoder().decode(record.subarray(start, end)) };
    }
    if (record.length < bytes) return null;
  }
  return null;
}

/** Bytes of a source's text; of a packed one all before must be unpacked again. */
async function range(source: Source, from: number, to: number): Promise<Uint8Array> {
  const head = new Uint8Array(await source.file.slice(0, 2).arrayBuffer());
  if (source.entry === null && !isGzip(head)) return new Uint8Array(await source.file.slice(from, to).arrayBuffer());
  const kept: Uint8Array[] = [];
  let at = 0;
  for await (const chunk of await textOf(source, () => undefined)) {
    if (at + chunk.length > from) kept.push(chunk.slice(Math.max(0, from - at), Math.max(0, to - at)));
    at += chunk.length;
    if (at >= to) break;
  }
  return new Uint8Array(await new Blob(kept as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
