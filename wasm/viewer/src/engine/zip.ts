/** Reads a zip's directory, zip64 too, from slices of the file: nothing is unpacked as a whole. */

import type { ZipEntry } from "./tasks";

const END_BYTES = 22;
const MOST_COMMENT_BYTES = 65535;
const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** What stands in a field of 32 bits where the number itself stands in the zip64 part. */
const IN_ZIP64 = 0xffffffff;

/** What of a zip is read as a log, and what may say something about logs; the rest of it is nobody's log. */
const LOG_NAME = /\.json(?:\.gz)?$/i;
const SIDE_NAME = /\.(?:csv|txt|ya?ml)$/i;

/** More entries than this are no folder of logs. */
const MOST_ENTRIES = 1_000_000;

/** A directory larger than this is damage or an attack: entries have some hundred bytes. */
const MOST_DIRECTORY_BYTES = 512 * 1024 * 1024;

/** True where these bytes start a zip file. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

/** The files in a zip that may be logs, or say something about them, and what is wrong with others. */
export async function entriesOf(file: Blob): Promise<{ entries: ZipEntry[]; problems: { name: string; message: string }[] }> {
  const { offset, bytes } = await directoryOf(file);
  if (bytes > MOST_DIRECTORY_BYTES) throw new Error("the zip's directory is too large to be one of logs");
  const view = await viewOf(file, offset, offset + bytes);
  const entries: ZipEntry[] = [];
  const problems: { name: string; message: string }[] = [];
  for (let at = 0; at + 46 <= view.byteLength; ) {
    if (view.getUint32(at, true) !== ENTRY) throw new Error(`the zip's directory is damaged at byte ${offset + at}`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [number, number, number];
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameBytes));
    const method = view.getUint16(at + 10, true);
    const isEncrypted = (view.getUint16(at + 8, true) & 1) === 1;
    const wide = zip64Numbers(view, at + 46 + nameBytes, extraBytes);
    const number = (field: number): number => {
      const value = view.getUint32(at + field, true);
      return value === IN_ZIP64 ? (wide.shift() ?? value) : value;
    };
    // The zip64 part holds only what does not fit, in this order.
    const unpackedBytes = number(24);
    const storedBytes = number(20);
    const headerOffset = number(42);
    at += 46 + nameBytes + extraBytes + commentBytes;
    const isLog = LOG_NAME.test(name);
    if ((!isLog && !SIDE_NAME.test(name)) || isHidden(name)) continue;
    if (!isLog && (isEncrypted || (method !== 0 && method !== 8))) continue;
    if (isEncrypted) problems.push({ name, message: "encrypted: the viewer has no password for it" });
    else if (method !== 0 && method !== 8) problems.push({ name, message: `packed by method ${method}: expected deflate or stored` });
    else entries.push({ name, headerOffset, storedBytes, unpackedBytes, isDeflated: method === 8, isLog });
    if (entries.length > MOST_ENTRIES) throw new Error(`more than ${MOST_ENTRIES} entries: this is no zip of logs`);
  }
  entries.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { entries, problems };
}

/** The stored bytes of an entry. */
export async function storedBytesOf(file: Blob, entry: ZipEntry): Promise<Blob> {
  const header = await viewOf(file, entry.headerOffset, entry.headerOffset + 30);
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) {
    throw new Error(`the zip is damaged: no entry at byte ${entry.headerOffset}`);
  }
  // Its extra part may be longer than the directory's.
  const start = entry.headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.storedBytes > file.size) throw new Error("the zip ends inside this entry");
  return file.slice(start, start + entry.storedBytes);
}

/** Files that systems leave in archives and folders. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

async function directoryOf(file: Blob): Promise<{ offset: number; bytes: number }> {
  const tailStart = Math.max(0, file.size - END_BYTES - MOST_COMMENT_BYTES);
  const tail = await viewOf(file, tailStart, file.size);
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    // A comment may look like an end; the real one's comment reaches to the last byte.
    const isEnd = tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength;
    if (!isEnd) continue;
    const narrow = { offset: tail.getUint32(at + 16, true), bytes: tail.getUint32(at + 12, true) };
    if (at < 20 || tail.getUint32(at - 20, true) !== END64_LOCATOR) return narrow;
    const end64 = Number(tail.getBigUint64(at - 12, true));
    const view = await viewOf(file, end64, end64 + 56);
    if (view.byteLength < 56 || view.getUint32(0, true) !== END64) throw new Error("the zip64 end is damaged");
    return { offset: Number(view.getBigUint64(48, true)), bytes: Number(view.getBigUint64(40, true)) };
  }
  throw new Error("the zip has no directory: it is cut off");
}

/** The wide numbers of an entry, in their order. */
function zip64Numbers(view: DataView, start: number, bytes: number): number[] {
  for (let at = start; at + 4 <= start + bytes; ) {
    const [kind, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (kind === 1) {
      const count = Math.floor(Math.min(length, start + bytes - at - 4) / 8);
      return Array.from({ length: count }, (_, place) => Number(view.getBigUint64(at + 4 + place * 8, true)));
    }
    at += 4 + length;
  }
  return [];
}

async function viewOf(file: Blob, from: number, to: number): Promise<DataView> {
  return new DataView(await file.slice(from, to).arrayBuffer());
}
