/** A worker's reading: looks what a source is, then pushes its text through the module, and tells how far it is. */

import type { recognise as Recognise, Session } from "../../../pkg/worker/vnetflow.js";
import { isGzip, type Chunks } from "./gzip";
import { partEnds } from "./split";
import type { ReadResult, ReadTask, Source, SplitLimits, WorkerProgress } from "./tasks";
import { peeked, pieces, textOf } from "./unpacked";
import { jsonOfYaml } from "./yaml";
import { entriesOf, isZip } from "./zip";

/** How often a worker tells, at most. */
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

export class Reading {
  private isCancelled = false;
  private bytes = 0;
  private told = 0;

  constructor(
    private readonly session: Session,
    private readonly memory: WebAssembly.Memory,
    private readonly memoryBudgetBytes: number,
    private readonly tell: (progress: WorkerProgress) => void,
  ) {}

  cancel(): void {
    this.isCancelled = true;
  }

  async read(task: ReadTask, limits: SplitLimits, recognise: typeof Recognise): Promise<ReadResult> {
    this.isCancelled = false;
    const { source, part } = task;
    let chunks;
    try {
      const found = task.isWhole || part !== null ? null : await this.lookAt(task, limits);
      if (found !== null) return found;
      const count = (bytes: number): unknown => (this.bytes += bytes);
      chunks = part === null ? await textOf(source, count) : pieces(source.file.slice(part.from, part.to), count);
      if (part === null) {
        const inside = await this.lookInside(source, chunks, recognise);
        if (inside.found !== null) return inside.found;
        chunks = inside.chunks;
      }
    } catch (error) {
      this.session.start(source.name, task.place);
      this.session.finish(part === null || part.from === 0);
      this.fail(source.name, 0, error);
      return { kind: "read", isClean: false };
    }
    if (part === null) this.session.start(source.name, task.place);
    else this.session.startPart(source.name, task.place, part.from);
    let given = 0;
    let failure: unknown = null;
    try {
      for await (const chunk of chunks) {
        if (this.isCancelled) break;
        this.session.push(chunk);
        given += chunk.length;
        this.report(false);
      }
    } catch (error) {
      failure = error ?? new Error("reading failed");
    }
    const isBetween = this.session.isBetweenRecords();
    const issues = this.session.finish(part === null || part.from === 0);
    if (failure !== null) this.fail(source.name, given, failure);
    this.report(true);
    if (this.isCancelled) return { kind: "cancelled" };
    return { kind: "read", isClean: failure === null && issues === 0 && isBetween };
  }

  /** Tells how far it is, at most every so often unless `always`. */
  report(always: boolean): void {
    const now = performance.now();
    if (!always && now - this.told < TELL_MS) return;
    this.told = now;
    const memoryBytes = this.memory.buffer.byteLength;
    // Memory never shrinks, so once past the budget always past it.
    if (memoryBytes > this.memoryBudgetBytes) this.session.dropRows();
    const { session, bytes } = this;
    this.bytes = 0;
    this.tell({
      bytes,
      tuples: session.tuples,
      issues: session.issueCount,
      memoryBytes,
      droppedTuples: session.droppedTuples,
    });
  }

  private fail(name: string, offset: number, error: unknown): void {
    this.session.fail(name, offset, error instanceof Error ? error.message : String(error));
    this.report(true);
  }

  /** What a file is, where it is not one text. */
  private async lookAt(task: ReadTask, limits: SplitLimits): Promise<ReadResult | null> {
    const { file, entry, name } = task.source;
    if (entry !== null) return null;
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
  ): Promise<{ found: ReadResult | null; chunks: Chunks }> {
    let head = "";
    let bytes = 0;
    const decoder = new TextDecoder();
    const { start, isWhole, chunks } = await peeked(given, (taken) => {
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
        return { found: { kind: "side", text, sideKind: side.kind, about: side.about }, chunks };
      }
      if (isYaml && entry === null) throw new Error("this YAML is no policy: that has a list `allow`, as for `vnetflow check`");
    }
    return { found: (entry?.isLog ?? true) ? null : { kind: "read", isClean: true }, chunks };
  }
}
