/**
 * Unpacks gzip and deflate streams. The browser's own unpacker is fast, but throws where a second member or padding
 * follows the first one; what it could not read is then read by a script.
 */

import { Gunzip } from "fflate";

/** More than this much from one byte is a bomb; the logs' best is below 100. */
const MOST_RATIO = 500;

/** A bomb is only called one beyond this. */
const HARMLESS_BYTES = 256 * 1024 * 1024;

/** True where these bytes start a gzip file. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Chunks of bytes. */
export type Chunks = AsyncIterable<Uint8Array>;

/** Where the packed bytes come from: every call reads them from the start. */
export type Packed = () => ReadableStream<Uint8Array>;

/** Unpacks all members of a gzip file. Throws where it is damaged or a bomb; what was before is handed out. */
export async function* gunzip(packed: Packed): Chunks {
  let given = 0;
  try {
    for await (const chunk of unpacked(packed, "gzip")) {
      given += chunk.length;
      yield chunk;
    }
    return;
  } catch (error) {
    if (error instanceof BombError) throw error;
  }
  // What was given out already is skipped.
  let skip = given;
  for await (const chunk of gunzipByScript(packed)) {
    const rest = skip >= chunk.length ? chunk.subarray(chunk.length) : chunk.subarray(skip);
    skip -= Math.min(skip, chunk.length);
    if (rest.length > 0) yield rest;
  }
}

/** Unpacks a zip entry's raw deflate. */
export function inflate(packed: Packed): Chunks {
  return unpacked(packed, "deflate-raw");
}

/** Chunks of a stream. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): Chunks {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // A reader that stops early must not keep the file open.
    void reader.cancel().catch(() => undefined);
  }
}

class BombError extends Error {}

async function* unpacked(packed: Packed, format: "gzip" | "deflate-raw"): Chunks {
  const watch = new Watch();
  const counted = packed().pipeThrough(
    new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        watch.packed += chunk.length;
        controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      },
    }),
  );
  for await (const chunk of chunksOf(counted.pipeThrough(new DecompressionStream(format)))) {
    watch.unpack(chunk.length);
    yield chunk;
  }
}

async function* gunzipByScript(packed: Packed): Chunks {
  const watch = new Watch();
  let ready: Uint8Array[] = [];
  const unpacker = new Gunzip((chunk) => ready.push(chunk));
  let tail = 0;
  for await (const chunk of chunksOf(packed())) {
    watch.packed += chunk.length;
    // Padding with zeros behind the last member is no damage; the unpacker would take it for a broken header.
    const zeros = trailingZeros(chunk);
    if (zeros < chunk.length) {
      if (tail > 0) unpacker.push(new Uint8Array(tail), false);
      unpacker.push(chunk.slice(0, chunk.length - zeros), false);
      tail = zeros;
    } else {
      tail += zeros;
    }
    for (const part of ready) {
      watch.unpack(part.length);
      yield part;
    }
    ready = [];
  }
  // No member is shorter.
  if (watch.packed < 18) throw new Error("the gzip file ends inside its head");
  // The last member's length ends in zero bytes where it is short.
  try {
    unpacker.push(new Uint8Array(Math.min(tail, 8)), true);
  } catch (error) {
    if (tail === 0) throw error;
  }
  yield* ready;
}

function trailingZeros(chunk: Uint8Array): number {
  let at = chunk.length;
  while (at > 0 && chunk[at - 1] === 0) at--;
  return chunk.length - at;
}

/** Stops a bomb. */
class Watch {
  packed = 0;
  private out = 0;

  unpack(bytes: number): void {
    this.out += bytes;
    if (this.out > HARMLESS_BYTES && this.out > this.packed * MOST_RATIO) {
      throw new BombError(
        `stopped behind ${this.out} bytes: more than ${MOST_RATIO} bytes from each packed one is no log`,
      );
    }
  }
}
