/** The engine: makes workers, hands them files and questions, and puts their answers together. */

import { packedModule } from "$module";
import { startDemoWorker } from "$worker";
import { parquetOfRows, textOfRows } from "./export";
import { Library, USUAL_LIMITS } from "./library";
import { cell } from "./packed";
import { tellPasts } from "./pasts";
import { Patience } from "./patience";
import { Pool, usualWorkers } from "./pool";
import type {
  Completion, Engine, FilterProblem, Issue, NamedFile, Progress, Query, Question, RawTuple, Rows, RowsQuestion, SideFile, Table,
} from "./protocol";
import { jobQuestion, Questions } from "./questions";
import { rehearse } from "./rehearsal";
import { Remote } from "./rpc";
import { RowsOfAll, type RowAt } from "./rows-of-all";
import { SideFiles } from "./side-files";
import type { SplitLimits, WorkerProgress } from "./tasks";
import { lookUp, SLICE_MS } from "./turns";
import type { AskedPart, JobQuestion, View } from "./worker-asking";
import type { DemoApi } from "./worker-demo";

export interface EngineOptions {
  workers?: number;
  memoryBudgetBytes?: number;
  split?: SplitLimits;
}

/** What a tab may take before rows are dropped. */
const USUAL_BUDGET_BYTES = 2 * 1024 * 1024 * 1024;

const PROGRESS_MS = 50;
const CHANGE_MS = 500;

/** So many values of a column are offered in the filter box. */
const OFFERED_VALUES = 200;

const NO_PROGRESS: WorkerProgress = { bytes: 0, tuples: 0, issues: 0, memoryBytes: 0, droppedTuples: 0 };

class WorkerEngine implements Engine {
  private readonly progressListeners = new Set<(progress: Progress) => void>();
  private readonly changeListeners = new Set<() => void>();
  private pool!: Pool;
  private logs!: Library;
  private questions!: Questions;
  private allRows!: RowsOfAll;
  private side!: SideFiles;
  private query: Query = { filter: "", vantage: "all" };
  private workers: WorkerProgress[] = [];
  private phase: Progress["phase"] = "idle";
  private files = 0;
  private filesDone = 0;
  private bytes = 0;
  private bytesDone = 0;
  private opened = 0;
  /** How often something was dropped. */
  private drops = 0;
  private readonly patience = new Patience();
  private shown: { rows: RowAt[]; view: View } = { rows: [], view: { filter: "", once: false } };
  private values = new Map<string, [string, number][]>();
  private toldAt = 0;
  private changedAt = 0;
  private tuplesAtChange = 0;
  private timer: ReturnType<typeof setInterval> | null = null;
  private choices = new Map<string, Promise<string | null>>();
  private choosing: Promise<unknown> = Promise.resolve();
  private second: WorkerEngine | null = null;
  private knownGroups = "";

  constructor(
    private readonly options: EngineOptions,
    /** The engine whose logs these are compared with; side files are its own. */
    private readonly first: WorkerEngine | null = null,
  ) {
    this.reset();
  }

  async open(files: NamedFile[]): Promise<void> {
    const { logs, pool } = this;
    this.opened++;
    this.drops++;
    if (this.opened === 1) this.patience.begin();
    this.questions.isTold = false;
    this.phase = "reading";
    this.files += files.length;
    void pool.all((worker) => worker.call("keepStates", [true]));
    this.timer ??= setInterval(() => this.tick(), PROGRESS_MS);
    this.tellProgress(true);
    try {
      await Promise.all([logs.read(files), this.weigh(files)]);
    } finally {
      // Only the last of several drops ends reading.
      if (--this.opened === 0 && logs === this.logs) {
        await this.ended().catch((error: unknown) => {
          this.patience.end();
          throw error;
        });
      }
    }
  }

  async openDemo(hours: number): Promise<void> {
    const thread = startDemoWorker();
    try {
      const remote = new Remote<DemoApi>(thread, () => undefined);
      thread.addEventListener("error", (event) => remote.fail(event.message || "the demo network could not be made"));
      const module = await (await this.pool.at(0)).call("compile", [await packedModule("demo")]);
      await this.open(await remote.call("generate", [module, hours, null]));
    } finally {
      thread.terminate();
    }
  }

  cancel(): void {
    if (this.phase !== "reading") return;
    this.phase = "cancelled";
    this.logs.cancel();
    this.tellProgress(true);
  }

  async clear(): Promise<void> {
    this.end();
    this.forgetOther();
    this.reset();
    this.tellProgress(true);
    this.tellChange();
    await this.pool.ready;
  }

  /** Adds up how large files are. Browsers look on the disk for each: half a millisecond, and a folder may have thousands. */
  private async weigh(files: NamedFile[]): Promise<void> {
    const { pool } = this;
    let until = 0;
    for (const { file } of files) {
      if (performance.now() >= until) {
        await lookUp();
        if (pool !== this.pool) return;
        until = performance.now() + SLICE_MS;
      }
      this.bytes += file.size;
    }
  }

  /** Makes ready for the first drop, in workers of their own that end with it. */
  async rehearse(): Promise<void> {
    await this.pool.ready;
    if (this.phase !== "idle") return;
    const trial = new WorkerEngine({ workers: 2 });
    const end = this.onProgress(() => {
      end();
      trial.end();
    });
    try {
      await rehearse(trial);
    } finally {
      end();
      trial.end();
    }
  }

  private end(): void {
    this.logs.cancel();
    this.questions.fail("everything was forgotten");
    this.pool.end();
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  async setQuery(query: Query): Promise<void> {
    const { problem } = await this.check(query.filter);
    if (problem !== null) throw new Error(problem.message, { cause: problem });
    this.query = query;
    this.tellChange();
  }

  async ask(question: Question, key?: string): Promise<Table> {
    const tables = Object.values(await this.askAll(question, key));
    const [table] = tables;
    if (table === undefined) throw new Error(`\`${question.analysis}\` gave no table`);
    return table;
  }

  async askAll(question: Question, key?: string): Promise<Record<string, Table>> {
    const view = { ...this.view, filter: question.filter ?? this.query.filter };
    const asked = jobQuestion(question, this.side.parametersOf(question.analysis));
    const { side } = asked.parameters;
    if (side === undefined) return this.questions.ask(asked, view, key);
    if (this.second === null) throw new Error("there is no other set of logs to compare with");
    const parameters = { ...asked.parameters, side: side === "before" ? "after" : "before" };
    return this.questions.ask(asked, view, key, await this.second.partsFor({ ...asked, parameters }, view, this.side.groups()));
  }

  other(): Engine {
    this.second ??= new WorkerEngine(this.options, this);
    return this.second;
  }

  forgetOther(): void {
    this.second?.end();
    this.second = null;
  }

  /** The workers' parts of a question that another engine asks, with its names for networks. */
  private async partsFor(question: JobQuestion, view: View, groups: string[]): Promise<AskedPart[]> {
    const known = groups.join("\n");
    if (known !== this.knownGroups) {
      this.knownGroups = known;
      this.choices.clear();
      await this.pool.all((worker) => worker.call("setGroups", [groups]));
    }
    return this.questions.parts(question, view);
  }

  async rows(question: RowsQuestion): Promise<Rows> {
    const { view } = this;
    await this.prepare(view);
    const { total, rows } = await this.allRows.find(question, view);
    this.shown = { rows, view };
    return this.allRows.cells(rows, total, question.columns, view);
  }

  async raw(row: number): Promise<RawTuple> {
    const [worker, number] = this.shown.rows[row] ?? [];
    if (worker === undefined || number === undefined) throw new Error(`there is no row ${row} in the last answer`);
    const remote = await this.pool.at(worker);
    const { source: name, place, recordOffset, rowInRecord } = await remote.call("placeOf", [this.shown.view, number]);
    const source = this.logs.sources[place];
    const found = source === undefined ? null : await remote.call("tupleText", [source, recordOffset, rowInRecord]).catch(() => null);
    return { source: name, offset: found?.offset ?? recordOffset, text: found?.text ?? null };
  }

  async issues(): Promise<Issue[]> {
    const all = (await this.pool.all((worker) => worker.call("issues", []))).flat();
    const places = new Map(this.logs.sources.map(({ name }, place) => [name, place]));
    const placeOf = ({ source }: Issue): number => places.get(source) ?? -1;
    return all.sort((one, other) => placeOf(one) - placeOf(other) || one.offset - other.offset);
  }

  sideFiles(): SideFile[] {
    return this.side.list();
  }

  async removeSideFile(id: number): Promise<void> {
    await this.side.remove(id);
  }

  async check(filter: string): Promise<{ problem: FilterProblem | null; explained: string | null }> {
    return (await this.pool.at(0)).call("check", [filter]);
  }

  async complete(filter: string, cursor: number): Promise<Completion[]> {
    const leader = await this.pool.at(0);
    const wanted = await leader.call("wantedValues", [filter, cursor]);
    const values: Record<string, [string, number][]> = {};
    await Promise.all(wanted.map(async (field) => (values[field] = await this.valuesOf(field))));
    return leader.call("completions", [filter, cursor, JSON.stringify(values)]);
  }

  async exportRows(format: "csv" | "ndjson" | "parquet", columns: string[]): Promise<Blob> {
    const { view } = this;
    await this.prepare(view);
    return format === "parquet"
      ? parquetOfRows(this.pool, this.allRows, view, columns)
      : textOfRows(this.pool, this.allRows, view, format, columns);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.progressListeners.add(listener);
    return () => this.progressListeners.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  private get view(): View {
    return { filter: this.query.filter, once: this.query.vantage === "once" };
  }

  private get budget(): number {
    return this.options.memoryBudgetBytes ?? USUAL_BUDGET_BYTES;
  }

  private reset(): void {
    const size = this.options.workers ?? usualWorkers();
    this.workers = Array.from({ length: size }, () => ({ ...NO_PROGRESS }));
    const pool = new Pool(
      size,
      this.budget,
      (worker, progress) => {
        if (pool === this.pool) this.heard(worker, progress);
      },
      (message) => this.questions.fail(message),
    );
    this.pool = pool;
    this.questions = new Questions(pool, {
      rows: (view) => this.prepare(view),
      patience: () => this.patience.wait(() => this.phase === "reading"),
    });
    this.side = new SideFiles(pool, () => this.forget());
    const { side } = this;
    this.logs = new Library(pool, this.options.split ?? USUAL_LIMITS, {
      side: (name, found) => void (this.first?.side ?? side).add(name, found),
      hasDropped: () => this.workers.some(({ droppedTuples }) => droppedTuples > 0),
      fileDone: () => (this.filesDone += pool === this.pool ? 1 : 0),
    });
    const { logs } = this;
    this.allRows = new RowsOfAll(pool, (place) => logs.orders[place] ?? [0, 0]);
    this.phase = "idle";
    this.patience.end();
    this.files = this.filesDone = this.bytes = this.bytesDone = this.opened = this.tuplesAtChange = 0;
    this.values.clear();
    this.choices.clear();
    this.choosing = Promise.resolve();
  }

  /** With each flow counted once, workers must agree which rows count before they answer. */
  private async prepare(view: View): Promise<string | null> {
    if (!view.once) return null;
    const key = `${view.filter}\n${this.tuples}\n${this.filesDone}`;
    let choice = this.choices.get(key);
    if (choice === undefined) {
      // One after the other: workers hold the first pass of one choice.
      const { pool } = this;
      choice = this.choosing.then(() => this.choose(pool, view.filter));
      this.choosing = choice.catch(() => this.choices.delete(key));
      this.choices = new Map([...this.choices].slice(-3));
      this.choices.set(key, choice);
    }
    return choice;
  }

  private async choose(pool: Pool, filter: string): Promise<string | null> {
    const passes = await pool.all((worker) => worker.call("firstPass", [filter]));
    const others = (own: number): Uint8Array[] => passes.filter((_, number) => number !== own);
    const left = await pool.all((worker, own) => worker.call("setChoice", [filter, others(own)]));
    return (await pool.at(0)).call("overcountNote", [left]);
  }

  private async valuesOf(field: string): Promise<[string, number][]> {
    const known = this.values.get(field);
    if (known !== undefined) return known;
    let found: [string, number][] = [];
    if (field === "group") {
      found = (await (await this.pool.at(0)).call("groupNames", [])).map((name) => [name, 0]);
    } else {
      try {
        const question = { analysis: "top", parameters: { by: field, metric: "tuples", n: OFFERED_VALUES } };
        const table = Object.values(await this.questions.ask(question, { filter: "", once: false }, undefined))[0];
        const [keys, counts] = [field, "tuples"].map((name) => table?.columns.find((column) => column.name === name));
        for (let row = 0; row < (table?.rows ?? 0) && keys !== undefined && counts !== undefined; row++) {
          const [key, count] = [cell(keys, row), cell(counts, row)];
          if (key !== null) found.push([String(key), Number(count)]);
        }
      } catch {
        // Times and the like are no keys to count by: nothing is offered.
      }
    }
    this.values.set(field, found);
    return found;
  }

  private get tuples(): number {
    return this.workers.reduce((sum, worker) => sum + worker.tuples, 0);
  }

  private heard(worker: number, progress: WorkerProgress): void {
    this.bytesDone += progress.bytes;
    this.workers[worker] = progress;
    this.tick();
  }

  private tick(): void {
    this.tellProgress(false);
    if (this.phase !== "reading" || this.questions.isBusy || this.tuples === this.tuplesAtChange) return;
    // The first numbers at once.
    if (this.tuplesAtChange > 0 && performance.now() - this.changedAt < CHANGE_MS) return;
    this.tuplesAtChange = this.tuples;
    this.tellChange();
  }

  private async ended(): Promise<void> {
    if (this.phase === "reading") this.phase = "done";
    this.bytesDone = this.phase === "done" ? this.bytes : this.bytesDone;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    await Promise.all([this.side.settled(), this.pool.all((worker) => worker.call("settle", []))]);
    this.values.clear();
    // What was kept for the next look while reading serves once more, and then no longer.
    const keepNoLonger = (): void => {
      if (this.phase !== "reading") void this.pool.all((worker) => worker.call("keepStates", [false]));
    };
    keepNoLonger();
    this.tellProgress(true);
    this.tellChange();
    await Promise.resolve();
    const tellReady = this.patience.end;
    void this.questions
      .idle()
      .then(() => {
        keepNoLonger();
        return this.tellPasts();
      })
      // Answers without it are the same, and slower.
      .catch(() => undefined)
      .then(tellReady);
  }

  /** Sees to it that workers know what came before each tuple in its flow, so that a change of the filter need not look for it. */
  private async tellPasts(): Promise<void> {
    const { pool, questions } = this;
    const drop = this.drops;
    const isOver = (): boolean => drop !== this.drops || pool !== this.pool;
    if (isOver() || this.phase === "reading" || this.workers.some(({ droppedTuples }) => droppedTuples > 0)) return;
    if (await tellPasts(pool, this.tuples, isOver)) questions.isTold = true;
  }

  private forget(): void {
    this.values.clear();
    this.choices.clear();
    this.tellChange();
  }

  private tellProgress(always: boolean): void {
    const now = performance.now();
    if (!always && now - this.toldAt < PROGRESS_MS) return;
    this.toldAt = now;
    const sum = (value: (worker: WorkerProgress) => number): number => this.workers.reduce((all, worker) => all + value(worker), 0);
    const { phase, files, filesDone, bytes } = this;
    const progress: Progress = {
      phase, files, filesDone, bytes,
      bytesDone: Math.min(this.bytesDone, bytes),
      tuples: this.tuples,
      issues: sum((worker) => worker.issues),
      memoryBytes: sum((worker) => worker.memoryBytes),
      memoryBudgetBytes: this.budget,
      rowsDropped: this.workers.some((worker) => worker.droppedTuples > 0),
    };
    for (const listener of this.progressListeners) listener(progress);
  }

  private tellChange(): void {
    this.changedAt = performance.now();
    for (const listener of this.changeListeners) listener();
  }
}

/** An engine with workers of its own, warm before the first file is dropped. */
export function createEngine(options: EngineOptions = {}): Engine {
  const engine = new WorkerEngine(options);
  // A page that cannot start hears of it from its first question; without a rehearsal it is only slower.
  engine.rehearse().catch(() => undefined);
  return engine;
}
