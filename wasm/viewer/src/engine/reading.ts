/** A worker's reading: looks what a source is, then pushes its text through the module, and tells how far it is. */

import type { recognise as Recognise, Session } from "../../../pkg/worker/vnetflow.js";
import { isGzip, type Chunks } from "./gzip";
import { partEnds } from "./split";
import type { ReadResult, ReadTask, Source, SplitLimits, WorkerProgress } from "./tasks";
import { lookUp, SLICE_MS } from "./turns";
import { bytesOf, peeked, textOf } from "./unpacked";
import { jsonOfYaml } from "./yaml";
import { entriesOf, isZip } from "./zip";

/** How often a worker tells, at most, while it has no more tuples than before. */
const TELL_MS = 50;

/** A file beyond this is a log: names for networks and rules are smaller (all service tags have 5 MB). */
const MOST_SIDE_BYTES = 32 * 1024 * 1024;

/** Of the start of a text these are looked at. */
const HEAD_BYTES = 64 * 1024;

/** So many bytes tell a packed file. */
const MARK_BYTES = 4;

const YAML_NAME = /\.ya?ml$/i;

/** Words that only flow logs have. */
const LOG_WORDS = /"(?:flowTuples|flowRecords|flowLogVersion|flowLogResourceID|records)"/i;

/** What a task turned out to be, or the text that is to be read. */
type Opened = { found: ReadResult } | { found: null; chunks: Chunks; drop(): void };

export class Reading {
  /** How often reading was cancelled. */
  private cancellations = 0;
  private bytes = 0;
  private told = 0;
  private toldTuples = 0;
  /** Resolves when the task before is done. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: Session,
    private readonly memory: WebAssembly.Memory,
    private readonly memoryBudgetBytes: number,
    private readonly tell: (progress: WorkerProgress) => void,
  ) {}

  cancel(): void {
    this.cancellations++;
  }

  /** Tasks are read one after the other; of the next one the bytes are fetched meanwhile. */
  read(task: ReadTask, limits: SplitLimits, recognise: typeof Recognise): Promise<ReadResult> {
    const { cancellations } = this;
    const isCancelled = (): boolean => cancellations !== this.cancellations;
    const opened = this.open(task, limits, recognise);
    // Whoever takes it in hears of a failure, maybe much later.
    opened.catch(() => undefined);
    const result = this.last.then(() => this.take(task, opened, isCancelled));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async take({ source, part, place }: ReadTask, opening: Promise<Opened>, isCancelled: () => boolean): Promise<ReadResult> {
    let opened;
    try {
      opened = await opening;
    } catch (error) {
      this.session.start(source.name, place);
      this.session.finish(part === null || part.from === 0);
      this.fail(source.name, 0, error);
      return { kind: "read", isClean: false };
    }
    if (opened.found !== null) return opened.found;
    if (isCancelled()) {
      opened.drop();
      return { kind: "cancelled" };
    }
    if (part === null) this.session.start(source.name, place);
    else this.session.startPart(source.name, place, part.from);
    let given = 0;
    let failure: unknown = null;
    let until = performance.now() + SLICE_MS;
    try {
      for await (const chunk of opened.chunks) {
        if (isCancelled()) break;
        this.session.push(chunk);
        given += chunk.length;
        this.report(false);
        // Bytes that are there already come without a turn of the loop: questions and cancelling would wait for the file's end.
        if (performance.now() < until) continue;
        await lookUp();
        until = performance.now() + SLICE_MS;
      }
    } catch (error) {
      failure = error ?? new Error("reading failed");
    }
    const isBetween = this.session.isBetweenRecords();
    const issues = this.session.finish(part === null || part.from === 0);
    if (failure !== null) this.fail(source.name, given, failure);
    this.report(true);
    if (isCancelled()) return { kind: "cancelled" };
    return { kind: "read", isClean: failure === null && issues === 0 && isBetween };
  }

  /** Tells how far it is: of another page at once, else at most every so often unless `always`. */
  report(always: boolean): void {
    const now = performance.now();
    const { tuples } = this.session;
    if (!always && now - this.told < TELL_MS && tuples === this.toldTuples) return;
    this.told = now;
    this.toldTuples = tuples;
    const memoryBytes = this.memory.buffer.byteLength;
    // Memory never shrinks, so once past the budget always past it.
    if (memoryBytes > this.memoryBudgetBytes) this.session.dropRows();
    const { session, bytes } = this;
    this.bytes = 0;
    this.tell({
      bytes,
      tuples,
      issues: session.issueCount,
      memoryBytes,
      droppedTuples: session.droppedTuples,
    });
  }

  private fail(name: string, offset: number, error: unknown): void {
    this.session.fail(name, offset, error instanceof Error ? error.message : String(error));
    this.report(true);
  }

  /** Begins to fetch a task's bytes and looks what they are. */
  private async open(task: ReadTask, limits: SplitLimits, recognise: typeof Recognise): Promise<Opened> {
    const { source, part, isWhole } = task;
    const { file, entry } = source;
    const count = (bytes: number): unknown => (this.bytes += bytes);
    if (part !== null) {
      const { chunks, drop } = await peeked(bytesOf(file.slice(part.from, part.to), count), () => false);
      return { found: null, chunks, drop };
    }
    if (entry !== null) return this.lookInside(source, await textOf(source, count), recognise);
    if (file.size >= limits.partBytes * 2) {
      const found = isWhole ? null : await this.lookAt(task, limits);
      return found === null ? this.lookInside(source, await textOf(source, count), recognise) : { found };
    }
    // Files of one hour are small and many: what one is, its first bytes tell.
    const { start, chunks, drop } = await peeked(bytesOf(file, () => undefined), () => false);
    const [head = new Uint8Array()] = start;
    if (!isZip(head) && !isGzip(head)) return this.lookInside(source, counting(chunks, count), recognise);
    drop();
    const found = isZip(head) ? await this.lookAt(task, limits) : null;
    return found === null ? this.lookInside(source, await textOf(source, count), recognise) : { found };
  }

  /** What a file is, where it is not one text. */
  private async lookAt(task: ReadTask, limits: SplitLimits): Promise<ReadResult | null> {
    const { file, name } = task.source;
    const head = new Uint8Array(await file.slice(0, MARK_BYTES).arrayBuffer());
    if (isZip(head)) {
      const { entries, problems } = await entriesOf(file);
      for (const problem of problems) this.fail(`${name}/${problem.name}`, 0, new Error(problem.message));
      if (entries.length === 0 && problems.length === 0) this.fail(name, 0, new Error("nothing to read in this zip"));
      return { kind: "zip", entries };
    }
    if (isGzip(head)) return null;
    if (file.size < limits.partBytes * 2) return null;
    const ends = await partEnds(file, limits.partBytes);
    return ends.length > 1 ? { kind: "split", ends } : null;
  }

  /** What a text is, where it is no log; else its chunks from the start on. */
  private async lookInside(
    { name, entry }: Source,
    given: Chunks,
    recognise: typeof Recognise,
  ): Promise<Opened> {
    let head = "";
    let bytes = 0;
    const decoder = new TextDecoder();
    const { start, isWhole, ...text } = await peeked(given, (taken) => {
      const last = taken.at(-1) ?? new Uint8Array();
      if (bytes < HEAD_BYTES) head += decoder.decode(last.subarray(0, HEAD_BYTES), { stream: true });
      bytes += last.length;
      return bytes <= MOST_SIDE_BYTES && !LOG_WORDS.test(head);
    });
    if (isWhole && !LOG_WORDS.test(head)) {
      const isYaml = YAML_NAME.test(name);
      const plain = await new Blob(start).text();
      const text = isYaml ? await jsonOfYaml(plain) : plain;
      const side = recognise(text);
      if (side !== null) {
        this.report(true);
        return { found: { kind: "side", text, sideKind: side.kind, about: side.about } };
      }
      if (isYaml && entry === null) throw new Error("this YAML is no policy: that has a list `allow`, as for `vnetflow check`");
    }
    if (entry?.isLog ?? true) return { found: null, ...text };
    text.drop();
    return { found: { kind: "read", isClean: true } };
  }
}

async function* counting(chunks: Chunks, count: (bytes: number) => void): Chunks {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
