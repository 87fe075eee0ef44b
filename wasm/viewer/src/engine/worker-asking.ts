/** A worker's part of answers: jobs one after the other, a page at a time, so that it hears when one is cancelled. */

import type { Job, Pasts, Session } from "../../../pkg/worker/vnetflow.js";
import { buffersOf, type PackedTable } from "./packed";
import { Moved, moved } from "./rpc";
import { lookUp, SLICE_MS } from "./turns";

/** A question as the module takes it. */
export interface JobQuestion {
  analysis: string;
  parameters: Record<string, unknown>;
}

/** Which rows a question is about. */
export interface View {
  filter: string;
  once: boolean;
}

/** A worker's part of one answer. The worker that completes that answer keeps its own part: its bytes are null. */
export interface AskedPart {
  bytes: Uint8Array | null;
  /** Tuples that were dropped before the question was asked. */
  unseen: number;
  error: string | null;
}

/** The jobs of one worker. */
export class Asking {
  private readonly jobs = new Map<number, Job>();
  private readonly ended = new Set<number>();
  private readonly endings = new Map<number, () => void>();
  private last: Promise<unknown> = Promise.resolve();
  /** Resolves when no job takes in rows any more. */
  private idle: Promise<unknown> = Promise.resolve();
  private revision = 0;
  private pasts: Pasts | null = null;
  /** The last job that ran to its end. */
  private done = -1;

  constructor(private readonly session: Session) {}

  /** The rows changed under the jobs that run: they start anew. */
  changed(): void {
    this.revision++;
  }

  /** This worker's part of each question; those of which it completes the answers are listed in `leads`. */
  ask(id: number, questions: JobQuestion[], view: View, told: boolean, leads: number[]): Promise<Moved<AskedPart[]>> {
    const done = this.last.then(() => this.run(id, questions, view, told, leads));
    // Until a job has ended its states are away: the next one would start anew.
    const ended = done.then(() => (this.jobs.has(id) ? new Promise<void>((resolve) => this.endings.set(id, resolve)) : undefined));
    this.last = ended.catch(() => undefined);
    this.idle = done.catch(() => undefined);
    return done;
  }

  /** The answer to one question of a job that was asked here, and those of further analyses that its answer is made of. */
  complete(id: number, index: number, others: Uint8Array[], notes: string[], also: string[]): Moved<Record<string, PackedTable>> {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error("the question was cancelled");
    return movedTables(this.session.complete(job, index, others, notes, also));
  }

  /** The answers over what a filter keeps, from one over everything that was completed here; null where that does not tell them. */
  async narrowed(questions: JobQuestion[], filter: string): Promise<Moved<Record<string, PackedTable>> | null> {
    // Others wait for this worker's part of a job; while they complete its answers there is time.
    await this.idle;
    await lookUp();
    const tables = this.session.narrowed(JSON.stringify(questions), filter);
    return tables === undefined ? null : movedTables(tables);
  }

  /** Ends a job, or sees to it that it never starts. */
  end(id: number): void {
    const job = this.jobs.get(id);
    if (job !== undefined) {
      this.jobs.delete(id);
      this.session.end(job);
      this.endings.get(id)?.();
      this.endings.delete(id);
    } else if (id > this.done) {
      this.ended.add(id);
    }
  }

  private async run(id: number, questions: JobQuestion[], view: View, told: boolean, leads: number[]): Promise<Moved<AskedPart[]>> {
    const text = JSON.stringify(questions);
    for (;;) {
      const { revision } = this;
      if (this.ended.delete(id)) throw new Error("the question was cancelled");
      const job = this.session.begin(text, view.filter, view.once, told);
      const isDone = await this.steps(id, job, revision);
      if (!isDone) continue;
      const parts = questions.map((_, index) => this.part(job, index, leads.includes(index)));
      this.done = Math.max(this.done, id);
      if (leads.length > 0) this.jobs.set(id, job);
      else this.session.end(job);
      return new Moved(
        parts,
        parts.flatMap(({ bytes }) => (bytes === null ? [] : [bytes.buffer as ArrayBuffer])),
      );
    }
  }

  /** False where the rows changed meanwhile. */
  private async steps(id: number, job: Job, revision: number): Promise<boolean> {
    let until = performance.now() + SLICE_MS;
    for (;;) {
      if (this.session.step(job)) return true;
      if (performance.now() < until) continue;
      await lookUp();
      until = performance.now() + SLICE_MS;
      if (this.revision !== revision) {
        this.session.abandon(job);
        return false;
      }
      if (this.ended.has(id)) {
        this.session.end(job);
        this.ended.delete(id);
        throw new Error("the question was cancelled");
      }
    }
  }

  /** Finds what came before rows in their flows, as far as it was read here; false where it was asked for anew meanwhile. */
  findPasts(): Promise<boolean> {
    const pasts = (this.pasts = this.session.beginPasts());
    return this.inSlices(pasts, () => this.session.findPasts(pasts));
  }

  /** The flows as a Bloom filter of 2^`sizeBits` bits. */
  bloomOfPasts(sizeBits: number): Moved<Uint8Array> | null {
    return this.pasts === null ? null : moved(this.pasts.bloom(sizeBits));
  }

  /** Takes in which flows others may have too; how many flows are told of in portions. */
  keepBloom(others: Uint8Array): number {
    return this.pasts?.keepBloom(others) ?? 0;
  }

  /** What was found about a portion of these flows. */
  foundPasts(portion: number, of: number): Moved<Uint8Array> | null {
    return this.pasts === null ? null : moved(this.pasts.toBytes(portion, of));
  }

  /** Takes in what others have of these flows. */
  keepPasts(portion: number, of: number, share: Uint8Array): void {
    this.pasts?.keep(portion, of, share);
  }

  /** The times of its tuples of flows that others have too; null where it was asked for anew meanwhile. */
  async findTimes(): Promise<Moved<Uint8Array> | null> {
    const { pasts } = this;
    if (pasts === null) return null;
    const isTimed = !pasts.needsTimes() || (await this.inSlices(pasts, () => this.session.findTimes(pasts)));
    return isTimed ? moved(pasts.timesToBytes()) : null;
  }

  /** Notes it all at the rows, with its share of all times; false where it was asked for anew meanwhile. */
  async tellPasts(times: Uint8Array): Promise<boolean> {
    const { pasts } = this;
    if (pasts === null) return false;
    pasts.keepTimes(times);
    if (!(await this.inSlices(pasts, () => this.session.tellPasts(pasts)))) return false;
    pasts.free();
    this.pasts = null;
    return true;
  }

  /** Takes steps until one says that it was the last, and lets messages in between; false where it is asked for anew. */
  private async inSlices(pasts: Pasts, step: () => boolean): Promise<boolean> {
    let until = performance.now() + SLICE_MS;
    while (!step()) {
      if (performance.now() < until) continue;
      await lookUp();
      until = performance.now() + SLICE_MS;
      if (this.pasts === pasts) continue;
      pasts.free();
      return false;
    }
    return true;
  }

  private part(job: Job, index: number, leads: boolean): AskedPart {
    try {
      const unseen = this.session.unseen(job, index);
      return { bytes: leads ? null : this.session.partial(job, index), unseen, error: null };
    } catch (error) {
      return { bytes: null, unseen: 0, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

function movedTables(tables: Record<string, PackedTable>): Moved<Record<string, PackedTable>> {
  return new Moved(tables, Object.values(tables).flatMap(buffersOf));
}
