/** An answer that follows the filter: asks again when anything changes, and keeps the old numbers until new ones are there. */

import { untrack } from "svelte";
import { Superseded, type Question, type Table } from "../engine/protocol";
import { app, messageOf } from "./app.svelte";

/** A question's latest answer. */
export class Asked<Answer> {
  answer = $state.raw<Answer | null>(null);
  error = $state<string | null>(null);
  /** True while the shown answer belongs to an older filter. */
  isStale = $state(false);

  readonly #ask: (question: Question) => Promise<Answer>;
  #text = "";
  #number = 0;
  /** True while an answer is awaited. */
  isBusy = $state(false);
  #again: Question | null = null;

  /** To be made while a component is; `make` is followed, and null asks nothing. */
  constructor(make: () => Question | null, ask: (question: Question) => Promise<Answer>) {
    this.#ask = ask;
    $effect(() => {
      const question = make();
      const query = app.queryRevision;
      const isThere = app.dataRevision > 0 && app.isOpen;
      untrack(() => {
        if (question !== null && isThere) this.#want(question, `${query} ${JSON.stringify(question)}`);
      });
    });
    $effect(() => () => this.#number++);
  }

  #want(question: Question, text: string): void {
    const isOther = text !== this.#text;
    this.#text = text;
    if (isOther) {
      this.isStale = this.answer !== null;
      void this.#run(question);
    } else if (this.isBusy) {
      this.#again = question;
    } else {
      void this.#run(question);
    }
  }

  async #run(question: Question): Promise<void> {
    const mine = ++this.#number;
    this.isBusy = true;
    this.#again = null;
    try {
      const answer = await this.#ask(question);
      if (mine !== this.#number) return;
      this.answer = answer;
      this.error = null;
    } catch (error) {
      if (mine !== this.#number) return;
      if (!(error instanceof Superseded)) {
        this.error = messageOf(error);
        this.answer = null;
      }
    }
    this.isStale = false;
    this.isBusy = false;
    if (this.#again !== null) void this.#run(this.#again);
  }
}

/** A table that follows the filter. Panels that are shown together need keys of their own. */
export function asked(key: string, make: () => Question | null): Asked<Table> {
  return new Asked(make, (question) => app.engine.ask(question, key));
}

/** The same for an analysis of several tables. */
export function askedAll(key: string, make: () => Question | null): Asked<Record<string, Table>> {
  return new Asked(make, (question) => app.engine.askAll(question, key));
}
