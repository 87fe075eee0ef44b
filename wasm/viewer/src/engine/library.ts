/** What is being read: files become tasks, tasks go to whichever worker is free, and parts that don't fit are taken back. */

import type { Pool, WorkerRemote } from "./pool";
import type { NamedFile } from "./protocol";
import type { ReadResult, ReadTask, Source, SplitLimits } from "./tasks";
import { isHidden } from "./zip";

/** A source that is read in parts. */
interface Split {
  ends: number[];
  left: number;
  isClean: boolean;
  /** The worker that counted it as a file. */
  countedBy: number | null;
}

export interface LibraryEvents {
  side(name: string, found: Extract<ReadResult, { kind: "side" }>): void;
  fileDone(): void;
  /** True once rows were dropped. */
  hasDropped(): boolean;
}

/** Parts smaller than this cost more at their seams than a second worker brings. */
export const USUAL_LIMITS: SplitLimits = { partBytes: 8 * 1024 * 1024 };

/** Each worker is given so many tasks: of the next one it fetches the bytes while it reads the first. */
const TASKS_AHEAD = 2;

export class Library {
  /** Sources by place, and where they stand in the order of files. */
  readonly sources: Source[] = [];
  readonly orders: number[][] = [];
  private readonly queue: ReadTask[] = [];
  private readonly splits = new Map<number, Split>();
  /** For each file given: what of it is still to be read. */
  private readonly open = new Map<number, number>();
  private files = 0;
  private running = 0;
  /** Workers, as often as they may be given another task. */
  private free: number[];
  private isCancelled = false;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly pool: Pool,
    private readonly limits: SplitLimits,
    private readonly events: LibraryEvents,
  ) {
    this.free = Array.from({ length: pool.size * TASKS_AHEAD }, (_, place) => place % pool.size);
  }

  /** Reads these files; resolves when nothing is left to be read. */
  async read(files: NamedFile[]): Promise<void> {
    this.isCancelled = false;
    const remotes = await this.pool.ready;
    for (const { path, file } of files) {
      const number = this.files++;
      if (isHidden(path)) {
        this.events.fileDone();
        continue;
      }
      this.open.set(number, 1);
      this.queue.push(this.task({ name: path, file, entry: null }, [number, 0]));
    }
    this.pump(remotes);
    if (this.running > 0 || this.queue.length > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  get isReading(): boolean {
    return this.running > 0 || this.queue.length > 0;
  }

  cancel(): void {
    this.isCancelled = true;
    this.queue.length = 0;
    void this.pool.all((worker) => worker.call("cancelReading", []));
  }

  private task(source: Source, order: number[]): ReadTask {
    this.sources.push(source);
    this.orders.push(order);
    return { place: this.sources.length - 1, source, part: null, isWhole: false };
  }

  private pump(remotes: WorkerRemote[]): void {
    while (this.free.length > 0 && this.queue.length > 0) {
      const [worker, task] = [this.free.shift(), this.queue.shift()];
      const remote = remotes[worker ?? 0];
      if (worker === undefined || task === undefined || remote === undefined) break;
      this.running++;
      void remote
        .call("read", [task, this.limits])
        .then((result) => this.took(task, result, worker, remotes))
        // A worker that fails at a file must not hold up the others.
        .catch((error: unknown) => {
          this.part(task);
          return remote.call("fail", [task.source.name, 0, error instanceof Error ? error.message : String(error)]).catch(() => undefined);
        })
        .finally(() => {
          this.running--;
          this.free.push(worker);
          this.pump(remotes);
        });
    }
    if (!this.isReading) {
      const waiting = this.waiting;
      this.waiting = [];
      for (const resolve of waiting) resolve();
    }
  }

  private async took(task: ReadTask, result: ReadResult, worker: number, remotes: WorkerRemote[]): Promise<void> {
    const [file = 0] = this.orders[task.place] ?? [];
    switch (result.kind) {
      case "zip": {
        const entries = result.entries.map((entry, place) =>
          this.task({ name: `${task.source.name}/${entry.name}`, file: task.source.file, entry }, [file, place]),
        );
        this.add(file, entries);
        break;
      }
      case "split": {
        this.splits.set(task.place, { ends: result.ends, left: result.ends.length, isClean: true, countedBy: null });
        const parts = result.ends.map((to, place): ReadTask => ({ ...task, part: { from: result.ends[place - 1] ?? 0, to } }));
        this.add(file, parts);
        break;
      }
      case "side":
        this.events.side(task.source.name, result);
        break;
      case "read":
        if (task.part !== null) await this.tookPart(task, result.isClean, worker, remotes, file);
        break;
      case "cancelled":
        break;
    }
    this.part(task);
  }

  private async tookPart(task: ReadTask, isClean: boolean, worker: number, remotes: WorkerRemote[], file: number): Promise<void> {
    const split = this.splits.get(task.place);
    if (split === undefined) return;
    split.left--;
    split.isClean &&= isClean;
    if (task.part?.from === 0) split.countedBy = worker;
    if (split.left > 0) return;
    this.splits.delete(task.place);
    if (split.isClean || this.isCancelled) return;
    if (this.events.hasDropped()) {
      // What was dropped can't be taken back, and reading it again would count it twice.
      const message = "read in parts, of which some are damaged or did not fit together: tuples at their seams may be missing";
      await remotes[0]?.call("fail", [task.source.name, 0, message]);
      return;
    }
    // Damage, or a guess that was none: only one pass over the whole can say what stands where.
    await Promise.all(
      remotes.map((remote, number) =>
        remote.call("dropSplit", [task.source.name, task.place, split.countedBy === number ? 1 : 0]),
      ),
    );
    this.add(file, [{ ...task, part: null, isWhole: true }]);
  }

  /** What a file turned out to hold goes before the files behind it. */
  private add(file: number, tasks: ReadTask[]): void {
    if (this.isCancelled) return;
    this.open.set(file, (this.open.get(file) ?? 0) + tasks.length);
    this.queue.unshift(...tasks);
  }

  private part(task: ReadTask): void {
    const [file = 0] = this.orders[task.place] ?? [];
    const left = (this.open.get(file) ?? 1) - 1;
    this.open.set(file, left);
    if (left === 0) this.events.fileDone();
  }
}
