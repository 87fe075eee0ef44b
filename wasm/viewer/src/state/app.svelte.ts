/** The page's state: what was read, the one filter, the switches, and where in the page one is. */

import { createEngine } from "../engine";
import type { Engine, FilterProblem, NamedFile, Progress, SideFile } from "../engine/protocol";
import { chipsOf, joined, narrowed, windowOf, withWindow, type Window } from "./filter_text";
import { Format } from "./format";
import { readHash, writeHash, START, type Kept, type Unit } from "./hash";
import { History } from "./history";
import { settings } from "./settings.svelte";
import { cell, numberAt } from "./table";

const NOTHING_READ: Progress = {
  phase: "idle", files: 0, filesDone: 0, bytes: 0, bytesDone: 0, tuples: 0, issues: 0,
  memoryBytes: 0, memoryBudgetBytes: 0, rowsDropped: false,
};

const DEMO_HOURS = 4;

class App {
  readonly engine: Engine = createEngine();
  progress = $state.raw<Progress>(NOTHING_READ);
  /** Whether anything was opened. */
  isOpen = $state(false);
  /** Grows when there is more data, or a side file came or went. */
  dataRevision = $state(0);
  /** Grows when the engine took another filter or vantage. */
  queryRevision = $state(0);

  kept = $state.raw<Kept>(START);
  /** The text in the filter box; the filter itself where it can be read. */
  draft = $state("");
  problem = $state.raw<FilterProblem | null>(null);

  sideFiles = $state.raw<SideFile[]>([]);
  /** What was dropped, for the report; the demo network has none. */
  inputs = $state.raw<NamedFile[]>([]);
  isDemo = $state(false);
  /** Files that could not be loaded from where the page came from, and why. */
  failed = $state<string[]>([]);
  /** The logs to compare with; null where there are none. */
  others = $state.raw<Progress | null>(null);
  /** First and last time of all that was read, whatever the filter. */
  extent = $state.raw<[number, number] | null>(null);
  /** How many tuples were read, whatever the filter. */
  tuples = $state(0);
  /** A sentence for the reader, such as an error; announced. */
  notice = $state<string | null>(null);

  canUndo = $state(false);
  canRedo = $state(false);
  #others: Engine | null = null;
  readonly #history = new History<Kept>();
  #asked = 0;

  readonly format: Format = $derived(new Format({ locale: settings.locale, utc: this.kept.utc }));
  readonly window: Window = $derived(windowOf(this.kept.filter));
  readonly hasGroups: boolean = $derived(this.sideFiles.some((file) => file.kind === "groups"));
  /** The shown time's length in seconds. */
  readonly seconds: number = $derived.by(() => {
    const [first, last] = this.extent ?? [0, 0];
    const [from, to] = [Math.max(this.window.from ?? first, first), Math.min(this.window.to ?? last, last)];
    return Math.max(1, (to - from) / 1000);
  });

  constructor() {
    this.engine.onProgress((progress) => (this.progress = progress));
    this.engine.onChange(() => {
      this.dataRevision++;
      this.sideFiles = this.engine.sideFiles();
      void this.#measure();
    });
    this.kept = readHash(location.hash);
    this.draft = this.kept.filter;
    addEventListener("popstate", () => void this.#apply(readHash(location.hash)));
    void this.#query(this.kept);
  }

  async open(files: NamedFile[]): Promise<void> {
    if (files.length === 0) return;
    this.inputs = [...this.inputs, ...files];
    await this.#reading(() => this.engine.open(files));
  }

  /** Opens another set of logs, and shows what differs between the two. */
  async compare(files: NamedFile[]): Promise<void> {
    if (files.length === 0) return;
    const engine = this.engine.other();
    if (this.others === null) {
      this.#others = engine;
      engine.onProgress((progress) => {
        if (engine === this.#others) this.others = progress;
      });
      engine.onChange(() => this.dataRevision++);
    }
    this.show("diff");
    await this.#reading(() => engine.open(files));
  }

  forgetOthers(): void {
    this.others = this.#others = null;
    this.engine.forgetOther();
  }

  async openDemo(): Promise<void> {
    this.isDemo = true;
    await this.#reading(() => this.engine.openDemo(DEMO_HOURS));
  }

  async #reading(read: () => Promise<void>): Promise<void> {
    this.isOpen = true;
    this.notice = null;
    try {
      await read();
    } catch (error) {
      this.notice = messageOf(error);
    }
    // A filter by a group's name can only be read once the names are there.
    if (this.problem !== null) await this.#query(this.kept);
  }

  /** Forgets all files and the filter. */
  async close(): Promise<void> {
    await this.engine.clear();
    this.isOpen = false;
    this.isDemo = false;
    this.inputs = [];
    this.others = this.#others = null;
    this.extent = null;
    this.tuples = 0;
    this.progress = NOTHING_READ;
    this.change({ filter: "", view: START.view, options: {} });
  }

  async removeSideFile(id: number): Promise<void> {
    await this.engine.removeSideFile(id);
    this.sideFiles = this.engine.sideFiles();
    this.dataRevision++;
  }

  async #measure(): Promise<void> {
    try {
      const table = await this.engine.ask({ analysis: "summary", filter: "" }, "extent");
      this.tuples = numberAt(table, "tuples", 0) ?? 0;
      const [first, last] = [cell(table, "first_time", 0), cell(table, "last_time", 0)];
      if (typeof first === "number" && typeof last === "number") this.extent = [first, last];
    } catch {
      // A later question replaced this one, and brings the extent.
    }
  }

  /** Changes the filter, the view or a switch; can be undone, and goes into the address bar. */
  change(change: Partial<Kept>): void {
    const next = { ...this.kept, ...change };
    if (writeHash(next) === writeHash(this.kept) && this.problem === null) return;
    this.#history.note(this.kept);
    remember(next);
    void this.#apply(next);
  }

  /** One of the shown view's own controls. */
  setOption(name: string, value: string): void {
    this.change({ options: { ...this.kept.options, [name]: value } });
  }

  undo(): void {
    this.#restore(this.#history.undo(this.kept));
  }

  redo(): void {
    this.#restore(this.#history.redo(this.kept));
  }

  #restore(kept: Kept | undefined): void {
    if (kept === undefined) return;
    remember(kept);
    void this.#apply(kept);
  }

  async #apply(next: Kept): Promise<void> {
    const isNewQuery = next.filter !== this.kept.filter || next.vantage !== this.kept.vantage || this.problem !== null;
    this.kept = next;
    this.draft = next.filter;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    if (isNewQuery) await this.#query(next);
  }

  async #query({ filter, vantage }: Kept): Promise<void> {
    const mine = ++this.#asked;
    try {
      await this.engine.setQuery({ filter, vantage });
      if (mine !== this.#asked) return;
      this.problem = null;
      this.queryRevision++;
    } catch (error) {
      if (mine !== this.#asked) return;
      const problem = problemOf(error);
      if (problem) this.problem = problem;
      else this.notice = messageOf(error);
    }
  }

  /** Takes the text of the filter box, or says what is wrong with it. */
  async submit(text: string): Promise<void> {
    const filter = text.trim();
    this.draft = text;
    const { problem } = await this.engine.check(filter);
    this.problem = problem;
    if (problem !== null) return;
    settings.remember(filter);
    this.change({ filter });
  }

  narrow(term: string): void {
    this.change({ filter: narrowed(this.kept.filter, term) });
  }

  setWindow(window: Window): void {
    this.change({ filter: withWindow(this.kept.filter, window) });
  }

  removeChip(index: number): void {
    const chips = chipsOf(this.kept.filter);
    this.change({ filter: joined(chips.filter((_, at) => at !== index)) });
  }

  show(view: string, options: Record<string, string> = {}): void {
    this.change({ view, options });
  }

  setUnit(unit: Unit): void {
    this.change({ unit });
  }
}

/** Puts the state into the address bar. */
function remember(kept: Kept): void {
  const hash = writeHash(kept);
  try {
    history.pushState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
  } catch {
    // A page inside a notebook has no address of its own.
  }
}

function problemOf(error: unknown): FilterProblem | null {
  const cause = error instanceof Error ? error.cause : null;
  return typeof cause === "object" && cause !== null && "message" in cause && "start" in cause ? (cause as FilterProblem) : null;
}

/** What went wrong, to be shown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const app = new App();
