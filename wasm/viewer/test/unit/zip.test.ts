/** Zip files: packed and stored entries, zip64, archives inside, damage. */

import { expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { textOf } from "../../src/engine/unpacked";
import { entriesOf } from "../../src/engine/zip";
import { joined, logLike, zipOf } from "./support";

const [large, small] = [logLike(2_000_000), Buffer.from('{"records":[]}')];

async function texts(file: Blob): Promise<[string, Buffer][]> {
  const { entries } = await entriesOf(file);
  return Promise.all(
    entries.map(async (entry): Promise<[string, Buffer]> => [
      entry.name,
      await joined(await textOf({ name: entry.name, file, entry }, () => undefined)),
    ]),
  );
}

test.each([
  ["zip", {}],
  ["zip64", { wide: true }],
  ["zip with a comment that looks like an end", { comment: "PK\x05\x06 and more of it, up to here" }],
])("%s: packed, stored and gzip entries, in order", async (_, options) => {
  const file = zipOf(
    [
      { name: "b/stored.json", bytes: small, method: 0 },
      { name: "a/packed.json", bytes: large },
      { name: "a/inside.json.gz", bytes: gzipSync(large), method: 0 },
      { name: "a/packed-inside.json.gz", bytes: gzipSync(large) },
      { name: "a/", bytes: Buffer.alloc(0), method: 0 },
      { name: "__MACOSX/a/._packed.json", bytes: small },
    ],
    options,
  );
  const found = await texts(file);
  expect(found.map(([name]) => name)).toEqual(["a/inside.json.gz", "a/packed-inside.json.gz", "a/packed.json", "b/stored.json"]);
  expect(found.map(([, bytes]) => bytes.equals(large))).toEqual([true, true, true, false]);
  expect(found[3]?.[1].equals(small)).toBe(true);
});

test("an encrypted entry is a problem, the others are read", async () => {
  const file = zipOf([{ name: "secret.json", bytes: small, isEncrypted: true }, { name: "open.json", bytes: small }]);
  const { entries, problems } = await entriesOf(file);
  expect(entries.map(({ name }) => name)).toEqual(["open.json"]);
  expect(problems).toEqual([{ name: "secret.json", message: expect.stringContaining("encrypted") }]);
});

test("a zip that is cut off says so", async () => {
  const file = zipOf([{ name: "a.json", bytes: large }]);
  await expect(entriesOf(file.slice(0, file.size - 30))).rejects.toThrow(/cut off/);
});
