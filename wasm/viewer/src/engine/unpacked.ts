/** A source's text in chunks, whatever it is packed in. */

import { chunksOf, gunzip, inflate, isGzip, type Chunks } from "./gzip";
import type { Source } from "./tasks";
import { storedBytesOf } from "./zip";

/** How the bytes of a source are read. `count` hears of bytes as they lie in the file. */
export async function textOf(source: Source, count: (bytes: number) => void): Promise<Chunks> {
  const { file, entry } = source;
  const stored = entry === null ? file : await storedBytesOf(file, entry);
  const head = new Uint8Array(await stored.slice(0, 2).arrayBuffer());
  if (entry?.isDeflated !== true && isGzip(head)) return gunzip(() => counted(stored, count));
  if (entry?.isDeflated !== true) return bytesOf(stored, count);
  const inner = () => inflate(() => counted(stored, count));
  return isGzipInside(await firstChunk(inflate(() => stored.stream()))) ? gunzip(() => streamOf(inner())) : inner();
}

/**
 * A plain file's bytes, as a stream: the browser fetches ahead, which takes half the work of asking for slices. Not by a reader that
 * says where bytes go (`byob`): in Chromium 156 two of these stalled now and then while their worker was busy.
 */
export async function* bytesOf(file: Blob, count: (bytes: number) => void): Chunks {
  for await (const chunk of chunksOf(file.stream())) {
    count(chunk.length);
    yield chunk;
  }
}

/** The start of a text, and all of its chunks from the start on. */
export interface Peeked {
  start: Uint8Array<ArrayBuffer>[];
  /** The start is all there is. */
  isWhole: boolean;
  chunks: Chunks;
  /** To be called where the chunks are not read: else what they come from stays open. */
  drop(): void;
}

/** Takes chunks as long as `goesOn` says so of those that were taken. */
export async function peeked(given: Chunks, goesOn: (start: Uint8Array[]) => boolean): Promise<Peeked> {
  const iterator = given[Symbol.asyncIterator]();
  const start: Uint8Array<ArrayBuffer>[] = [];
  let next: IteratorResult<Uint8Array> | null = null;
  let failure: { error: unknown } | null = null;
  do {
    try {
      next = await iterator.next();
      // Whoever makes chunks makes each anew.
      if (next.done !== true) start.push(next.value as Uint8Array<ArrayBuffer>);
    } catch (error) {
      failure = { error };
    }
  } while (failure === null && next?.done !== true && goesOn(start));
  const drop = (): void => void iterator.return?.().catch(() => undefined);
  async function* chunks(): Chunks {
    try {
      yield* start;
      // What was read before it broke is not lost.
      if (failure !== null) throw failure.error;
      while (next?.done !== true) {
        next = await iterator.next();
        if (next.done !== true) yield next.value;
      }
    } finally {
      drop();
    }
  }
  return { start, isWhole: failure === null && next?.done === true, chunks: chunks(), drop };
}

function counted(file: Blob, count: (bytes: number) => void): ReadableStream<Uint8Array> {
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count(chunk.length);
      controller.enqueue(chunk);
    },
  });
  return file.stream().pipeThrough(watch as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>);
}

function isGzipInside(head: Uint8Array | null): boolean {
  return head !== null && isGzip(head);
}

async function firstChunk(chunks: Chunks): Promise<Uint8Array | null> {
  for await (const chunk of chunks) {
    if (chunk.length > 0) return chunk;
  }
  return null;
}

function streamOf(chunks: Chunks): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

export { chunksOf };
