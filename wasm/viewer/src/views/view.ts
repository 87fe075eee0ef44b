/** What a view is: an analysis, how it is asked, what its numbers mean, and how it is shown. */

import type { Component } from "svelte";
import type { Table } from "../engine/protocol";
import type { Draw } from "../draw/pen";
import type { Format } from "../state/format";
import type { Unit } from "../state/hash";

export type Options = Record<string, string>;

/** One of a view's own controls; its setting is text and stands in the address bar. */
export interface Control {
  name: string;
  label: string;
  start: string;
  /** Values and their labels; none makes a text field. */
  choices?: [string, string][];
  /** Width of a text field in characters. */
  width?: number;
  hint?: string;
}

/** A picture of an answer, with what a screen reader says of it. */
export interface PictureOf {
  draw: Draw;
  height: number;
  label: string;
}

/** What a picture may depend on besides the answer. */
export interface Scene {
  table: Table;
  options: Options;
  unit: Unit;
  format: Format;
  extent: [number, number] | null;
  /** The shown time's length in seconds. */
  seconds: number;
  hasGroups: boolean;
}

/** What a question may depend on besides a view's settings. */
export interface Asking {
  unit: Unit;
  extent: [number, number] | null;
  hasGroups: boolean;
}

export type SectionName = "" | "Traffic" | "Verdicts" | "Security" | "Time" | "Data";

export interface View {
  /** The analysis' public name, or the page's own. */
  id: string;
  title: string;
  section: SectionName;
  /** What the numbers mean, in a few sentences. */
  about: string;
  /** The analysis; null where the view is a component of its own. */
  analysis: string | null;
  controls?: Control[];
  /** The parameters by their public names; null while something is still to be said, see `needs`. */
  parameters?: (options: Options, scene: Asking) => Record<string, unknown> | null;
  /** What is still to be said or dropped. */
  needs?: string;
  /** The columns shown at first, in their order. */
  columns: (options: Options) => string[];
  /** Columns with a bar in the cell. */
  bars?: string[];
  /** Whether the first note is the answer in words. */
  hasLead?: boolean;
  picture?: (scene: Scene) => PictureOf | null;
  component?: Component<{ view: View; options: Options }>;
  /** Not in the list of views; reached by clicks. */
  isHidden?: boolean;
}

/** A view's settings, with what it starts with where nothing is set. */
export function settingsOf(view: View, options: Options): Options {
  const start = Object.fromEntries((view.controls ?? []).map((control) => [control.name, control.start]));
  return { ...start, ...options };
}
