/**
 * Where a big plain log may be split: guesses at the starts of records.
 *
 * A guess is a place where the text looks as the first record's start does. It may lie in a string, so it proves
 * nothing: the worker that reads up to it sees whether it stands between two records there. If one does not, the parts
 * are dropped and the source is read as a whole.
 */

/** Bytes that are looked through for a record's start; records are 32 KB at most in Azure's logs. */
const WINDOW_BYTES = 256 * 1024;

/** The head of a log up to its first record's first key is no longer than this. */
const HEAD_BYTES = 4096;

const decoder = new TextDecoder("latin1");

/** The bytes that records of this log start with, such as `{"time":`; null where the head shows no record. */
export function recordStart(head: string): string | null {
  // The wrapper's own first key is no record's.
  const found = /^\uFEFF?[^{[]*(?:\{\s*"records"\s*:\s*)?\[?\s*(\{\s*"[A-Za-z]+"\s*:)/i.exec(head.replace(/^\u00EF\u00BB\u00BF/, ""));
  const start = found?.[1] ?? null;
  return start !== null && /"records"/i.test(start) ? null : start;
}

/** Ends of parts of about that many bytes each, the last one the end of the file; one part where it can't be split. */
export async function partEnds(file: Blob, partBytes: number): Promise<number[]> {
  const head = decoder.decode(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const start = recordStart(head);
  const ends: number[] = [];
  if (start !== null) {
    const count = Math.floor(file.size / partBytes);
    const aims = Array.from({ length: Math.max(0, count - 1) }, (_, place) => Math.round(((place + 1) * file.size) / count));
    const found = await Promise.all(aims.map((aim) => nextStart(file, aim, start)));
    for (const end of found) {
      if (end !== null && end > (ends.at(-1) ?? 0)) ends.push(end);
    }
  }
  ends.push(file.size);
  return ends;
}

async function nextStart(file: Blob, from: number, start: string): Promise<number | null> {
  const text = decoder.decode(await file.slice(from, from + WINDOW_BYTES).arrayBuffer());
  const at = text.indexOf(start);
  return at < 0 ? null : from + at;
}
