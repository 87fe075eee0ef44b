/** What pictures are drawn with: one set of strokes for the screen's canvas and for SVG files. */

import type { ValueOf } from "../state/filter_text";

/** A colour, or a colour in slanted lines, so that it can be told apart without seeing it. */
export type Fill = string | { hatch: string };

export interface TextLook {
  fill: string;
  size?: number;
  weight?: number;
  align?: "left" | "center" | "right";
  /** Cut with an ellipsis beyond this many pixels. */
  room?: number;
  /** Turned upwards, for narrow columns. */
  upwards?: boolean;
}

export interface PathLook {
  fill?: Fill;
  stroke?: string;
  width?: number;
  opacity?: number;
  dash?: number[];
}

/** Draws. Text stands with its middle at `y`. */
export interface Pen {
  rect(x: number, y: number, width: number, height: number, fill: Fill, radius?: number): void;
  path(d: string, look: PathLook): void;
  text(text: string, x: number, y: number, look: TextLook): void;
}

/** A place in a picture that says something and can be clicked. */
export interface Hit {
  x: number;
  y: number;
  width: number;
  height: number;
  /** The exact shape, where a box is not enough; with `stroke`, the line's width. */
  path?: string;
  stroke?: number;
  lines: string[];
  values: ValueOf[];
  /** A moment, for "set time from" and "to". */
  time?: number;
  /** What a double click or Enter does, in words and in deed. */
  open?: { label: string; run: () => void };
}

/** Draws into a width and height, and says where what is. */
export type Draw = (pen: Pen, width: number, height: number, palette: Palette) => Hit[];

/** The colours of the page, as the style sheet has them. */
export interface Palette {
  text: string;
  dim: string;
  faint: string;
  line: string;
  panel: string;
  allow: string;
  deny: string;
  accent: string;
  series: string[];
}

export const FONT = '-apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", "Liberation Sans", sans-serif';

/** Reads the colours that are shown now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"), dim: colour("dim"), faint: colour("faint"), line: colour("line"), panel: colour("panel"),
    allow: colour("allow"), deny: colour("deny"), accent: colour("accent"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`series-${number}`)),
  };
}

const scratch = document.createElement("canvas").getContext("2d");

/** How wide a text is, in pixels. */
export function textWidth(text: string, size = 12, weight = 400): number {
  if (scratch === null) return text.length * size * 0.55;
  scratch.font = `${weight} ${size}px ${FONT}`;
  return scratch.measureText(text).width;
}

/** A text cut to a width. */
export function fitted(text: string, look: TextLook): string {
  const { room, size, weight } = look;
  if (room === undefined || textWidth(text, size, weight) <= room) return text;
  let [fits, over] = [0, text.length];
  while (fits + 1 < over) {
    const middle = (fits + over) >> 1;
    if (textWidth(`${text.slice(0, middle)}…`, size, weight) <= room) fits = middle;
    else over = middle;
  }
  return fits === 0 ? "" : `${text.slice(0, fits)}…`;
}

/** A number short enough for a path. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
