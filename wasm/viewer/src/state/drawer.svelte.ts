/** What the drawer of details shows: one tuple of the flow table, by its row. */

import type { RowsQuestion } from "../engine/protocol";
import type { Value } from "./table";

/** A tuple to look at. */
export interface Looked {
  /** Its columns, by name. */
  values: Record<string, Value>;
  /** The row that `raw` is asked for, and the question that the engine must have answered last. */
  row: number;
  question: RowsQuestion;
}

class DrawerState {
  looked = $state.raw<Looked | null>(null);
  #before: HTMLElement | null = null;

  open(looked: Looked): void {
    this.#before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.looked = looked;
  }

  close(): void {
    if (this.looked === null) return;
    this.looked = null;
    this.#before?.focus({ preventScroll: true });
  }
}

export const drawer = new DrawerState();
