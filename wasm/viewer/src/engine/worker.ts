/** A worker: one instance of the module, which reads the sources it is given and answers its part of questions. */

import { initSync, recognise, Session, shareOutBlooms, shareOutPasts, shareOutTimes, tupleAt } from "../../../pkg/worker/vnetflow.js";
import { buffersOf, type PackedTable } from "./packed";
import { Reading } from "./reading";
import { Moved, moved, serve, type Port } from "./rpc";
import { Asking, type AskedPart, type JobQuestion, type View } from "./worker-asking";
import type { ReadTask, Source, SplitLimits, WorkerProgress } from "./tasks";
import { textOfTuple } from "./raw";
import { unpacked } from "./unpack";

/** What a worker can do; every method's answer is a promise on the other side. */
export class WorkerApi {
  private session: Session | null = null;
  private reading: Reading | null = null;
  private asking: Asking | null = null;

  constructor(private readonly tell: (progress: WorkerProgress) => void) {}

  /** Unpacks and compiles a module, once for all workers. */
  compile(packed: Uint8Array): Promise<WebAssembly.Module> {
    return WebAssembly.compile(unpacked(packed));
  }

  /** Makes the instance. */
  start(module: WebAssembly.Module, memoryBudgetBytes: number): void {
    const { memory } = initSync({ module });
    this.session = new Session();
    this.asking = new Asking(this.session);
    this.reading = new Reading(this.session, memory, memoryBudgetBytes, this.tell);
  }

  read(task: ReadTask, limits: SplitLimits) {
    return this.parts.reading.read(task, limits, recognise);
  }

  /** Takes back what was read of a source's parts. */
  dropSplit(name: string, place: number, counted: number): void {
    this.parts.asking.changed();
    this.parts.session.dropSplit(name, place, counted);
  }

  fail(name: string, offset: number, message: string): void {
    this.parts.session.fail(name, offset, message);
    this.parts.reading.report(true);
  }

  /** Counts what fills no page yet. */
  settle(): void {
    this.parts.session.settle();
    this.parts.reading.report(true);
  }

  cancelReading(): void {
    this.parts.reading.cancel();
  }

  keepStates(keep: boolean): void {
    this.parts.session.keepStates(keep);
  }

  issues() {
    return this.parts.session.issues();
  }

  setGroups(texts: string[]): void {
    this.parts.asking.changed();
    this.parts.session.setGroups(texts);
  }

  ask(job: number, questions: JobQuestion[], view: View, told: boolean, leads: number[]): Promise<Moved<AskedPart[]>> {
    return this.parts.asking.ask(job, questions, view, told, leads);
  }

  findPasts(): Promise<boolean> {
    return this.parts.asking.findPasts();
  }

  bloomOfPasts(sizeBits: number): Moved<Uint8Array> | null {
    return this.parts.asking.bloomOfPasts(sizeBits);
  }

  shareOutBlooms(found: Uint8Array[]): Moved<Uint8Array[]> {
    return moved(shareOutBlooms(found));
  }

  keepBloom(others: Uint8Array): number {
    return this.parts.asking.keepBloom(others);
  }

  foundPasts(portion: number, of: number): Moved<Uint8Array> | null {
    return this.parts.asking.foundPasts(portion, of);
  }

  /** What each worker keeps of what all found. */
  shareOutPasts(found: Uint8Array[]): Moved<Uint8Array[]> {
    return moved(shareOutPasts(found));
  }

  keepPasts(portion: number, of: number, share: Uint8Array): void {
    this.parts.asking.keepPasts(portion, of, share);
  }

  findTimes(): Promise<Moved<Uint8Array> | null> {
    return this.parts.asking.findTimes();
  }

  /** What each worker keeps of all workers' times. */
  shareOutTimes(found: Uint8Array[]): Moved<Uint8Array[]> {
    return moved(shareOutTimes(found));
  }

  tellPasts(times: Uint8Array): Promise<boolean> {
    return this.parts.asking.tellPasts(times).finally(() => this.parts.reading.report(true));
  }

  complete(job: number, index: number, others: Uint8Array[], notes: string[], also: string[]): Moved<Record<string, PackedTable>> {
    return this.parts.asking.complete(job, index, others, notes, also);
  }

  narrowed(questions: JobQuestion[], filter: string): Promise<Moved<Record<string, PackedTable>> | null> {
    return this.parts.asking.narrowed(questions, filter);
  }

  endJob(job: number): void {
    this.parts.asking.end(job);
  }

  /** What decides where flows count, as far as it was read here. */
  firstPass(filter: string): Moved<Uint8Array> {
    return moved(this.parts.session.firstPass(filter));
  }

  /** Decides where flows count, with what others read; gives this worker's part of what that leaves out. */
  setChoice(filter: string, others: Uint8Array[]): Uint8Array {
    this.parts.asking.changed();
    return this.parts.session.setChoice(filter, others);
  }

  /** By how much all NICs over-count, in a sentence; null where they don't. */
  overcountNote(parts: Uint8Array[]): string | null {
    return this.parts.session.overcountNote(parts) ?? null;
  }

  check(filter: string) {
    return this.parts.session.check(filter);
  }

  wantedValues(filter: string, cursor: number): string[] {
    return this.parts.session.wantedValues(filter, cursor);
  }

  completions(filter: string, cursor: number, values: string) {
    return this.parts.session.completions(filter, cursor, values);
  }

  groupNames(): string[] {
    return this.parts.session.groupNames();
  }

  runs({ filter, once }: View): Float64Array {
    return this.parts.session.runs(filter, once);
  }

  sort({ filter, once }: View, column: string, descending: boolean): number {
    return this.parts.session.sortRows(filter, once, column, descending);
  }

  sortedValues(places: Uint32Array): unknown[] {
    return this.parts.session.sortedValues(places);
  }

  sortedRows(from: number, to: number): Uint32Array {
    return this.parts.session.sortedRows(from, to);
  }

  rowsAt({ filter, once }: View, numbers: Uint32Array, columns: string[]): Moved<PackedTable> {
    return movedTable(this.parts.session.rowsAt(filter, once, numbers, columns));
  }

  placeOf({ filter, once }: View, number: number) {
    return this.parts.session.placeOf(filter, once, number);
  }

  /** The text of a tuple, by its record's first byte and its number in the record. */
  tupleText(source: Source, recordOffset: number, rowInRecord: number) {
    return textOfTuple(source, recordOffset, rowInRecord, tupleAt);
  }

  writeRun({ filter, once }: View, run: number, format: "csv" | "ndjson", columns: string[]): Moved<Uint8Array> {
    return moved(this.parts.session.writeRun(filter, once, run, format, columns));
  }

  tableOfRun({ filter, once }: View, run: number, columns: string[]): Moved<PackedTable> {
    return movedTable(this.parts.session.tableOfRun(filter, once, run, columns));
  }

  private get parts(): { session: Session; reading: Reading; asking: Asking } {
    const { session, reading, asking } = this;
    if (session === null || reading === null || asking === null) throw new Error("the worker was not started");
    return { session, reading, asking };
  }
}

function movedTable(table: PackedTable): Moved<PackedTable> {
  return new Moved(table, buffersOf(table));
}

const api = new WorkerApi((progress) => send(progress));
// A class keeps its methods on its prototype; the channel looks them up by name.
const methods = Object.fromEntries(
  Object.getOwnPropertyNames(WorkerApi.prototype)
    .filter((name) => name !== "constructor" && name !== "parts")
    .map((name) => [name, (...args: unknown[]) => Reflect.apply(Reflect.get(api, name) as () => unknown, api, args)]),
);
const send = serve(self as unknown as Port, methods);
