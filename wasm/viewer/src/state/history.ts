/** Undo and redo: a line of states and where one stands on it. */

const MOST = 200;

/** States that were, the one that is, and those undone. */
export class History<State> {
  readonly #past: State[] = [];
  readonly #future: State[] = [];

  /** Notes what was before a change; what was undone is gone. */
  note(before: State): void {
    this.#past.push(before);
    if (this.#past.length > MOST) this.#past.shift();
    this.#future.length = 0;
  }

  /** The state before; undefined at the beginning. */
  undo(now: State): State | undefined {
    const before = this.#past.pop();
    if (before !== undefined) this.#future.push(now);
    return before;
  }

  /** The state that was undone last; undefined at the end. */
  redo(now: State): State | undefined {
    const after = this.#future.pop();
    if (after !== undefined) this.#past.push(now);
    return after;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }
}
