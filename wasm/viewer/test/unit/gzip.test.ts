/** Gzip as logs come in it: one member, several, padded, cut off, damaged. */

import { expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { gunzip } from "../../src/engine/gzip";
import { joined, logLike } from "./support";

const [first, second] = [logLike(3_000_000), logLike(50_000)];

const unpacked = (packed: Uint8Array): Promise<Buffer> => joined(gunzip(() => new Blob([packed as Uint8Array<ArrayBuffer>]).stream()));

test.each([
  ["one member", [gzipSync(first)], [first]],
  ["several members", [gzipSync(first), gzipSync(second), gzipSync(first)], [first, second, first]],
  ["an empty member", [gzipSync(Buffer.alloc(0))], []],
  ["empty members between others", [gzipSync(second), gzipSync(Buffer.alloc(0)), gzipSync(second)], [second, second]],
  ["trailing zeros", [gzipSync(second), Buffer.alloc(10_000)], [second]],
  ["several members and trailing zeros", [gzipSync(second), gzipSync(second), Buffer.alloc(512)], [second, second]],
])("%s", async (_, packed, expected) => {
  expect((await unpacked(Buffer.concat(packed))).equals(Buffer.concat(expected))).toBe(true);
});

test("a cut-off file gives what is there, then an error", async () => {
  const packed = gzipSync(first);
  const given: Uint8Array[] = [];
  const read = async (): Promise<void> => {
    for await (const chunk of gunzip(() => new Blob([packed.subarray(0, packed.length / 2)]).stream())) given.push(chunk.slice());
  };
  await expect(read()).rejects.toThrow();
  const bytes = Buffer.concat(given);
  expect(bytes.length).toBeGreaterThan(first.length / 4);
  expect(bytes.equals(first.subarray(0, bytes.length))).toBe(true);
});

test("a bomb is stopped", async () => {
  const bomb = gzipSync(Buffer.alloc(400_000_000));
  let given = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of gunzip(() => new Blob([bomb]).stream())) given += chunk.length;
  };
  await expect(read()).rejects.toThrow(/bytes from each packed one is no log/);
  expect(given).toBeLessThan(300_000_000);
});

test("a head alone is an error", async () => {
  await expect(unpacked(gzipSync(second).subarray(0, 12))).rejects.toThrow();
});
