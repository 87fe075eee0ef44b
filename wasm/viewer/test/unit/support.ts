/** Makes small zip files, and reads chunks to their end. */

import { crc32, deflateRawSync } from "node:zlib";

export interface Entry {
  name: string;
  bytes: Uint8Array;
  method?: 0 | 8;
  isEncrypted?: boolean;
}

/** A zip; `wide` writes sizes and places as zip64 does. */
export function zipOf(entries: Entry[], { wide = false, comment = "" } = {}): Blob {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, method = 8, isEncrypted = false } of entries) {
    const stored = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const nameBytes = Buffer.from(name);
    const extra = wide ? Buffer.alloc(28) : Buffer.alloc(0);
    if (wide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(bytes.length), 4);
      extra.writeBigUInt64LE(BigInt(stored.length), 12);
      extra.writeBigUInt64LE(BigInt(at), 20);
    }
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(nameBytes.length, 26);
    // Longer than the directory's, as real ones are.
    local.writeUInt16LE(5, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(isEncrypted ? 1 : 0, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc32(bytes), 16);
    entry.writeUInt32LE(wide ? 0xffffffff : stored.length, 20);
    entry.writeUInt32LE(wide ? 0xffffffff : bytes.length, 24);
    entry.writeUInt16LE(nameBytes.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(wide ? 0xffffffff : at, 42);
    directory.push(entry, nameBytes, extra);
    parts.push(local, nameBytes, Buffer.alloc(5), stored);
    at += 30 + nameBytes.length + 5 + stored.length;
  }
  const directoryBytes = Buffer.concat(directory);
  if (wide) {
    const end64 = Buffer.alloc(76);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(directoryBytes.length), 40);
    end64.writeBigUInt64LE(BigInt(at), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(at + directoryBytes.length), 64);
    directory.push(end64);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(wide ? 0xffffffff : directoryBytes.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  return new Blob([...parts, ...directory, end, Buffer.from(comment)] as Buffer<ArrayBuffer>[]);
}

/** All bytes of chunks. */
export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return Buffer.concat(all);
}

/** Text that packs as logs do. */
export function logLike(bytes: number): Buffer {
  const lines: string[] = [];
  for (let at = 0, line = 0; at < bytes; line++) {
    const text = `"17145540${(line * 7919) % 100000},10.1.${line % 7}.${line % 251},10.2.0.5,${(line * 31) % 65536},443,6,O,E,NX,${line},${line * 3},0,0",`;
    lines.push(text);
    at += text.length;
  }
  return Buffer.from(lines.join("")).subarray(0, bytes);
}
