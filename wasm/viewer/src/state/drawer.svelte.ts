/** What the drawer of details shows: one tuple of the flow table, by its row. */

import type { RawTuple } from "../engine/protocol";
import type { Value } from "./table";

/** A tuple to look at. */
export interface Looked {
  /** Its columns, by name. */
  values: Record<string, Value>;
  /** Its place and text as logged. */
  raw: Promise<RawTuple>;
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
