/** Calls across threads: a method's name and arguments go over, its answer or its error comes back. */

/** One end of a channel: a worker, or what a worker sees of the page. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/** An error as it crosses: what classes and causes an `Error` has gets lost on the way. */
interface Failure {
  message: string;
  cause: unknown;
}

type Message =
  | { kind: "call"; id: number; method: string; args: unknown[] }
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; failure: Failure }
  | { kind: "event"; event: unknown };

/** What a served method may give back so that its buffers are moved, not copied. */
export class Moved<T> {
  constructor(
    readonly value: T,
    readonly buffers: Transferable[],
  ) {}
}

/** Bytes, or several, of which nothing stays here. */
export function moved<T extends Uint8Array | Uint8Array[]>(bytes: T): Moved<T> {
  const all: readonly Uint8Array[] = bytes instanceof Uint8Array ? [bytes] : bytes;
  return new Moved(bytes, all.map(({ buffer }) => buffer as ArrayBuffer));
}

type Unmoved<T> = T extends Moved<infer V> ? V : T;

/** What a method gives back on the calling side. */
export type Answer<F> = F extends (...args: never[]) => infer R ? Unmoved<Awaited<R>> : never;

/** The arguments of a method. */
export type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;

/** The other end's methods. */
export class Remote<Api extends object> {
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private next = 0;

  constructor(
    private readonly port: Port,
    onEvent: (event: unknown) => void,
  ) {
    port.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data.kind === "event") return onEvent(data.event);
      if (data.kind === "call") return;
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.kind === "answer") waiting?.resolve(data.value);
      else waiting?.reject(new Error(data.failure.message, { cause: data.failure.cause }));
    });
  }

  call<Method extends keyof Api & string>(
    method: Method,
    args: Arguments<Api[Method]>,
    moved: Transferable[] = [],
  ): Promise<Answer<Api[Method]>> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as Answer<Api[Method]>), reject });
      this.port.postMessage({ kind: "call", id, method, args } satisfies Message, moved);
    });
  }

  /** Rejects everything that waits: the other end is gone. */
  fail(message: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(message));
    this.waiting.clear();
  }
}

/** Answers the other end's calls. Gives a way to send events. */
export function serve(port: Port, api: object): (event: unknown) => void {
  const methods = new Map(Object.entries(api));
  port.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind !== "call") return;
    const { id, method, args } = data;
    void Promise.resolve()
      .then(() => {
        const found: unknown = methods.get(method);
        if (typeof found !== "function") throw new Error(`unknown method \`${method}\``);
        return found.apply(api, args) as unknown;
      })
      .then(
        (result) => {
          const [value, buffers] = result instanceof Moved ? [result.value as unknown, result.buffers] : [result, []];
          port.postMessage({ kind: "answer", id, value } satisfies Message, buffers);
        },
        (error: unknown) => {
          const failure =
            error instanceof Error
              ? { message: error.message, cause: error.cause }
              : { message: String(error), cause: undefined };
          port.postMessage({ kind: "failure", id, failure } satisfies Message, []);
        },
      );
  });
  return (event) => port.postMessage({ kind: "event", event } satisfies Message, []);
}
