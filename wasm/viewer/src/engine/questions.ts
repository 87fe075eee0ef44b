/**
 * Questions: those asked in the same moment go to the workers together, each worker answers its part of all and completes some
 * of the answers. A question that a later one replaced is cancelled.
 */

import { unpack, type PackedTable } from "./packed";
import type { Pool } from "./pool";
import { Superseded, type Question, type Table } from "./protocol";
import type { AskedPart, JobQuestion, View } from "./worker-asking";

/** Analyses that keep much, or take many steps: the others must not wait for them. */
const SLOW = new Set([
  "endpoints", "exposure", "one_way", "sessions", "beacons", "anomalies", "findings", "scans", "diff", "nta", "host",
]);

/** How much work it is to complete an answer of many flows, against the others' 1; as measured with a million tuples. */
const EFFORTS = new Map([["findings", 50], ["beacons", 25], ["exposure", 15], ["sessions", 15], ["conversations", 12], ["denied", 8]]);

/** How much it is to narrow an answer. */
const EFFORT_OF_NARROWING = 14;

/** Analyses that findings are made of: their answers, with their usual parameters, come along with theirs. */
const IN_FINDINGS = new Set(["exposure", "beacons", "one_way"]);

/** Which of so many workers completes each answer: the most work goes first to whoever has least so far; one may be narrowing. */
export function leadersOf(questions: JobQuestion[], workers: number, narrowing: number | null = null): number[] {
  const efforts = questions.map(({ analysis }) => EFFORTS.get(analysis) ?? 1);
  const loads = Array.from({ length: workers }, (_, worker): number => (worker === narrowing ? EFFORT_OF_NARROWING : 0));
  const leaders = questions.map(() => 0);
  const order = efforts.map((_, index) => index).sort((one, other) => (efforts[other] ?? 0) - (efforts[one] ?? 0));
  for (const index of order) {
    const least = loads.indexOf(Math.min(...loads));
    leaders[index] = least;
    loads[least] = (loads[least] ?? 0) + (efforts[index] ?? 0);
  }
  return leaders;
}

interface Waiting {
  question: JobQuestion;
  view: View;
  /** Parts of the answer that were made elsewhere. */
  further: AskedPart[];
  job: RunningJob | null;
  isDone: boolean;
  isHeld: boolean;
  resolve(tables: Record<string, Table>): void;
  reject(error: Error): void;
}

/** What sees to the rows that questions are about. */
export interface Preparing {
  /** Sees to it that workers know which rows count; gives what a reader must know of that. */
  rows(view: View): Promise<string | null>;
  /** Resolves when a question that takes long may be asked, with whom to tell when it is answered. */
  patience(): Promise<() => void>;
}

interface RunningJob {
  id: number;
  waiting: Waiting[];
  /** How often it was said whether workers are told of pasts, when its parts were asked for. */
  telling: number;
}

/** An answer over everything, of which narrower ones are told. */
interface Whole {
  worker: number;
  question: string;
}

export class Questions {
  private readonly keyed = new Map<string, Waiting>();
  private fresh: Waiting[] = [];
  private jobs = 0;
  private pending = 0;
  /** Those of them that wait for a better moment. */
  private held = 0;
  private idling: (() => void)[] = [];
  private whole: Whole | null = null;
  private tellings = 0;
  private areTold = false;

  constructor(
    private readonly pool: Pool,
    private readonly preparing: Preparing,
  ) {}

  /** Workers know what came before each tuple in its flow; said anew whenever more was read. */
  get isTold(): boolean {
    return this.areTold;
  }

  set isTold(isTold: boolean) {
    this.areTold = isTold;
    this.tellings++;
    this.whole = null;
  }

  /** True while any question waits for its answer, other than for a better moment. */
  get isBusy(): boolean {
    return this.pending > this.held;
  }

  ask(question: JobQuestion, view: View, key: string | undefined, further: AskedPart[] = []): Promise<Record<string, Table>> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.pending--;
        if (waiting.isHeld) this.held--;
        waiting.isDone = true;
        this.tellIdle();
        if (key !== undefined && this.keyed.get(key) === waiting) this.keyed.delete(key);
      };
      const waiting: Waiting = {
        question,
        view,
        further,
        job: null,
        isDone: false,
        isHeld: false,
        resolve: (tables) => {
          if (waiting.isDone) return;
          settle();
          resolve(tables);
        },
        reject: (error) => {
          if (waiting.isDone) return;
          settle();
          reject(error);
        },
      };
      this.pending++;
      if (key !== undefined) {
        const before = this.keyed.get(key);
        this.keyed.set(key, waiting);
        if (before !== undefined) this.supersede(before);
      }
      this.fresh.push(waiting);
      if (this.fresh.length === 1) queueMicrotask(() => this.start());
    });
  }

  /** The workers' parts of an answer that is completed elsewhere. */
  async parts(question: JobQuestion, view: View): Promise<AskedPart[]> {
    await this.preparing.rows(view);
    const id = this.jobs++;
    const { isTold } = this;
    return (await this.pool.all((worker) => worker.call("ask", [id, [question], view, isTold, []]))).flat();
  }

  /** Resolves when no question waits, other than for a better moment. */
  idle(): Promise<void> {
    return this.isBusy ? new Promise((resolve) => this.idling.push(resolve)) : Promise.resolve();
  }

  /** Rejects everything that waits. */
  fail(message: string): void {
    for (const waiting of this.fresh.splice(0)) waiting.reject(new Error(message));
  }

  /** True for a question that looks at every flow, or keeps much. */
  private takesLong({ analysis, parameters }: JobQuestion): boolean {
    const looksAtFlows = analysis === "conversations" || (analysis === "timeline" && parameters.spread !== false);
    return looksAtFlows ? !this.isTold : SLOW.has(analysis);
  }

  private slowness(group: Waiting[]): number {
    return group.some(({ question }) => this.takesLong(question)) ? 1 : 0;
  }

  private tellIdle(): void {
    if (!this.isBusy) for (const resolve of this.idling.splice(0)) resolve();
  }

  /** Waits for the moment in which long questions may be asked. */
  private async hold(group: Waiting[]): Promise<() => void> {
    this.held += group.length;
    for (const waiting of group) waiting.isHeld = true;
    this.tellIdle();
    const tellAnswered = await this.preparing.patience();
    for (const waiting of group) {
      if (waiting.isDone) continue;
      waiting.isHeld = false;
      this.held--;
    }
    return tellAnswered;
  }

  private supersede(waiting: Waiting): void {
    waiting.reject(new Superseded("a later question replaced this one"));
    const { job } = waiting;
    if (job?.waiting.every(({ isDone }) => isDone) === true) this.end(job);
  }

  private start(): void {
    const groups = new Map<string, Waiting[]>();
    for (const waiting of this.fresh.splice(0)) {
      if (waiting.isDone) continue;
      const { view, question } = waiting;
      const key = JSON.stringify([view.filter, view.once, this.takesLong(question)]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [waiting]);
      else group.push(waiting);
    }
    // Quick ones first.
    const ordered = [...groups.values()].sort((one, other) => this.slowness(one) - this.slowness(other));
    const narrowing = ordered.flat().some((waiting) => this.isInWhole(waiting)) ? (this.whole?.worker ?? null) : null;
    for (const group of ordered) void this.run(group, narrowing);
  }

  private async run(group: Waiting[], narrowing: number | null): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const job: RunningJob = { id: this.jobs++, waiting: group, telling: this.tellings };
    for (const waiting of group) waiting.job = job;
    let tellAnswered: (() => void) | null = null;
    try {
      if (this.slowness(group) > 0) tellAnswered = await this.hold(group);
      const overcount = await this.preparing.rows(first.view);
      await this.narrow(group);
      const { asked, along } = withFindings(group.filter(({ isDone }) => !isDone));
      if (asked.length === 0) return;
      const questions = asked.map(({ question }) => question);
      const { isTold } = this;
      job.telling = this.tellings;
      const leaders = leadersOf(questions, this.pool.size, narrowing);
      const leads = (number: number): number[] => leaders.flatMap((leader, index) => (leader === number ? index : []));
      const parts = await this.pool.all((worker, number) => worker.call("ask", [job.id, questions, first.view, isTold, leads(number)]));
      await Promise.all(asked.map((waiting, index) => {
        const others = waiting.question.analysis === "findings" ? along : [];
        return this.complete(job, waiting, others, index, leaders[index] ?? 0, parts, overcount);
      }));
    } catch (error) {
      for (const waiting of group) waiting.reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      tellAnswered?.();
      this.end(job);
    }
  }

  /** True for a question that the answer over everything may tell, whatever the filter. */
  private isInWhole({ question, view, further }: Waiting): boolean {
    if (this.whole === null || view.once || further.length > 0) return false;
    return comesWithFindings(question) || JSON.stringify(question) === this.whole.question;
  }

  /** Answers what the answer over everything tells. */
  private async narrow(group: Waiting[]): Promise<void> {
    const told = group.filter((waiting) => !waiting.isDone && this.isInWhole(waiting));
    const [first] = told;
    if (this.whole === null || first === undefined) return;
    const worker = await this.pool.at(this.whole.worker);
    const tables = await worker.call("narrowed", [told.map(({ question }) => question), first.view.filter]);
    if (tables !== null) for (const waiting of told) resolveWith(waiting, tables);
  }

  private async complete(
    job: RunningJob,
    waiting: Waiting,
    along: Waiting[],
    index: number,
    leader: number,
    parts: AskedPart[][],
    overcount: string | null,
  ): Promise<void> {
    const wanted = [waiting, ...along].filter(({ isDone }) => !isDone);
    if (wanted.length === 0) return;
    const own = [...parts.flatMap((part) => part[index] ?? []), ...waiting.further];
    const failure = own.find(({ error }) => error !== null)?.error;
    if (failure != null) return wanted.forEach(({ reject }) => reject(new Error(failure)));
    const others = own.flatMap(({ bytes }) => bytes ?? []);
    const unseen = own.reduce((sum, part) => sum + part.unseen, 0);
    const notes = overcount === null ? [] : [overcount];
    if (unseen > 0) {
      notes.push(`${unseen.toLocaleString("en")} tuples are not counted here: they were dropped to stay within the memory budget`);
    }
    try {
      const worker = await this.pool.at(leader);
      const buffers = others.map(({ buffer }) => buffer as ArrayBuffer);
      const also = wanted.flatMap((one) => (one === waiting ? [] : one.question.analysis));
      const packed = await worker.call("complete", [job.id, index, others, notes, also], buffers);
      const { question, view } = waiting;
      const isWhole = question.analysis === "findings" && view.filter.trim() === "" && !view.once && unseen === 0 && this.isTold;
      if (isWhole && job.telling === this.tellings) this.whole = { worker: leader, question: JSON.stringify(question) };
      for (const one of wanted) resolveWith(one, packed);
    } catch (error) {
      for (const { reject } of wanted) reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private end(job: RunningJob): void {
    void this.pool.all((worker) => worker.call("endJob", [job.id])).catch(() => undefined);
  }
}

function comesWithFindings({ analysis, parameters }: JobQuestion): boolean {
  return IN_FINDINGS.has(analysis) && Object.keys(parameters).length === 0;
}

/** What must be asked, and what comes along with findings where they are. */
function withFindings(group: Waiting[]): { asked: Waiting[]; along: Waiting[] } {
  const hasFindings = group.some(({ question }) => question.analysis === "findings");
  const comesAlong = ({ question, further }: Waiting): boolean => hasFindings && further.length === 0 && comesWithFindings(question);
  return { asked: group.filter((waiting) => !comesAlong(waiting)), along: group.filter(comesAlong) };
}

/** Hands over a question's own tables: all, but where answers came together. */
function resolveWith({ question: { analysis }, resolve }: Waiting, packed: Record<string, PackedTable>): void {
  const cameTogether = analysis === "findings" || IN_FINDINGS.has(analysis);
  const own = Object.entries(packed).filter(([name]) => !cameTogether || name === analysis);
  resolve(Object.fromEntries(own.map(([name, table]) => [name, unpack(table)])));
}

/** A question as workers take it. */
export function jobQuestion({ analysis, parameters = {} }: Question, further: Record<string, unknown>): JobQuestion {
  return { analysis, parameters: { ...further, ...parameters } };
}
