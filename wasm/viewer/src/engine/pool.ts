/** The workers: started once with the module that one of them compiled, and called by number. */

import { packedModule } from "$module";
import { startWorker } from "$worker";
import { Remote } from "./rpc";
import type { WorkerProgress } from "./tasks";
import type { WorkerApi } from "./worker";

/** More workers than this only wait for the disk and for memory. */
const MOST_WORKERS = 8;

/** What a machine's processors allow; two even where there is one, so that questions are answered while one reads. */
export function usualWorkers(): number {
  return Math.min(MOST_WORKERS, Math.max(2, navigator.hardwareConcurrency || 2));
}

export type WorkerRemote = Remote<WorkerApi>;

/** Compiled once for all workers there ever are. */
let mainModule: WebAssembly.Module | null = null;

/** All workers. */
export class Pool {
  readonly ready: Promise<WorkerRemote[]>;
  private threads: Worker[] = [];

  constructor(
    readonly size: number,
    memoryBudgetBytes: number,
    onProgress: (worker: number, progress: WorkerProgress) => void,
    onFailure: (message: string) => void,
  ) {
    this.ready = this.start(memoryBudgetBytes / size, onProgress, onFailure);
    // Whoever asks hears of it; a page that asks nothing must not see an unhandled rejection.
    this.ready.catch((error: unknown) => onFailure(error instanceof Error ? error.message : String(error)));
  }

  /** Calls the same method of all workers. */
  async all<T>(call: (worker: WorkerRemote, number: number) => Promise<T>): Promise<T[]> {
    return Promise.all((await this.ready).map(call));
  }

  async at(number: number): Promise<WorkerRemote> {
    const worker = (await this.ready)[number];
    if (worker === undefined) throw new Error(`there is no worker ${number}`);
    return worker;
  }

  end(): void {
    for (const thread of this.threads) thread.terminate();
  }

  private async start(
    budget: number,
    onProgress: (worker: number, progress: WorkerProgress) => void,
    onFailure: (message: string) => void,
  ): Promise<WorkerRemote[]> {
    this.threads = Array.from({ length: this.size }, startWorker);
    const remotes = this.threads.map((thread, number) => {
      const remote: WorkerRemote = new Remote(thread, (event) => onProgress(number, event as WorkerProgress));
      thread.addEventListener("error", (event) => {
        const message = event.message || "a worker failed";
        remote.fail(message);
        onFailure(message);
      });
      return remote;
    });
    const [first] = remotes;
    if (first === undefined) throw new Error("there are no workers");
    const module = (mainModule ??= await first.call("compile", [await packedModule("main")]));
    await Promise.all(remotes.map((remote) => remote.call("start", [module, budget])));
    return remotes;
  }
}
