/** Files that the page is handed by whoever shows it: the server it came from (`vnetflow view`), or the notebook around it. */

import type { NamedFile } from "../engine/protocol";
import { app, messageOf } from "./app.svelte";

/** Gives files by their number in a list of names. */
export interface Supplier {
  names(): Promise<string[]>;
  file(number: number): Promise<Blob>;
}

/** So many files are asked for at a time. */
const AT_ONCE = 4;

/** So much is opened together: small files come by the thousand. */
const BATCH_BYTES = 32 * 1024 * 1024;

/** Opens all files of a supplier, in the order of its list. */
export async function openAll(supplier: Supplier): Promise<void> {
  const names = await supplier.names();
  if (names.length === 0) return;
  app.isOpen = true;
  const coming: Promise<Blob>[] = [];
  let asked = 0;
  let [batch, bytes]: [NamedFile[], number] = [[], 0];
  for (const [number, path] of names.entries()) {
    for (; asked < names.length && coming.length < AT_ONCE; asked++) {
      const blob = supplier.file(asked);
      // Whoever waits for it hears of it; until then it is no unhandled failure.
      blob.catch(() => undefined);
      coming.push(blob);
    }
    app.notice = `loading ${app.format.whole(number + 1)} of ${app.format.whole(names.length)} files`;
    try {
      const file = (await coming.shift()) as Blob;
      batch.push({ path, file });
      bytes += file.size;
    } catch (error) {
      app.failed.push(`${path}: ${messageOf(error)}`);
    }
    if (bytes < BATCH_BYTES && number < names.length - 1) continue;
    void app.open(batch);
    [batch, bytes] = [[], 0];
  }
  if (app.failed.length > 0) app.notice = `not loaded: ${app.failed.join("; ")}`;
}

/** The server that the page came from. */
export function fromServer(list: string): Supplier {
  let urls: string[] = [];
  return {
    async names() {
      const files = (await (await checked(list)).json()) as { name: string; url: string }[];
      urls = files.map(({ url }) => url);
      return files.map(({ name }) => name);
    },
    // The browser keeps what is large on disk.
    file: async (number) => (await checked(urls[number] ?? "")).blob(),
  };
}

async function checked(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error((await response.text()).trim() || `the server answered ${response.status}`);
  return response;
}

/** What the page says to a notebook's side of the channel, and what it hears. */
type Wanted = { want: "names" } | { want: "piece"; file: number };
interface Given {
  names?: string[];
  filter?: string;
  error?: string;
  /** The next piece of the file that was asked for; none at its end. */
  bytes?: ArrayBuffer;
}

/** The notebook around the page. One question waits at a time: a kernel answers them one by one anyway. */
export function fromNotebook(port: MessagePort): Supplier {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (wanted: Wanted): Promise<Given> =>
    new Promise((resolve, reject) => {
      port.onmessage = ({ data }: MessageEvent<Given>) => (data.error === undefined ? resolve(data) : reject(new Error(data.error)));
      port.postMessage(wanted);
    });
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    names: () =>
      inTurn(async () => {
        const { names = [], filter = "" } = await ask({ want: "names" });
        if (filter !== "") app.change({ filter });
        return names;
      }),
    file: (file) =>
      inTurn(async () => {
        const pieces: ArrayBuffer[] = [];
        for (;;) {
          const { bytes } = await ask({ want: "piece", file });
          if (bytes === undefined) return new Blob(pieces);
          pieces.push(bytes);
        }
      }),
  };
}
