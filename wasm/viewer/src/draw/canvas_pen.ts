/** The pen for the screen: strokes on a canvas, sharp on any display. */

import { FONT, fitted, type Fill, type PathLook, type Pen, type TextLook } from "./pen";

const HATCH = 6;

export class CanvasPen implements Pen {
  readonly #context: CanvasRenderingContext2D;
  readonly #scale: number;
  readonly #hatches = new Map<string, CanvasPattern | string>();

  constructor(context: CanvasRenderingContext2D, scale: number) {
    this.#context = context;
    this.#scale = scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.textBaseline = "middle";
  }

  rect(x: number, y: number, width: number, height: number, fill: Fill, radius = 0): void {
    const context = this.#context;
    context.fillStyle = this.#paint(fill);
    if (radius === 0) {
      context.fillRect(x, y, width, height);
      return;
    }
    context.beginPath();
    context.roundRect(x, y, Math.max(0, width), Math.max(0, height), radius);
    context.fill();
  }

  path(d: string, { fill, stroke, width = 1, opacity = 1, dash = [] }: PathLook): void {
    const context = this.#context;
    const path = new Path2D(d);
    context.globalAlpha = opacity;
    if (fill !== undefined) {
      context.fillStyle = this.#paint(fill);
      context.fill(path);
    }
    if (stroke !== undefined) {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.stroke(path);
      context.setLineDash([]);
    }
    context.globalAlpha = 1;
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const context = this.#context;
    context.font = `${look.weight ?? 400} ${look.size ?? 12}px ${FONT}`;
    context.fillStyle = look.fill;
    context.textAlign = look.align ?? "left";
    const shown = fitted(text, look);
    if (look.upwards) {
      context.save();
      context.translate(x, y);
      context.rotate(-Math.PI / 2);
      context.fillText(shown, 0, 0);
      context.restore();
    } else {
      context.fillText(shown, x, y);
    }
  }

  #paint(fill: Fill): string | CanvasPattern {
    if (typeof fill === "string") return fill;
    const known = this.#hatches.get(fill.hatch);
    if (known !== undefined) return known;
    const made = this.#hatch(fill.hatch) ?? fill.hatch;
    this.#hatches.set(fill.hatch, made);
    return made;
  }

  #hatch(colour: string): CanvasPattern | null {
    const size = Math.round(HATCH * this.#scale);
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const context = tile.getContext("2d");
    if (context === null) return null;
    context.fillStyle = colour;
    context.globalAlpha = 0.38;
    context.fillRect(0, 0, size, size);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = size / 3;
    context.beginPath();
    for (const shift of [-size, 0, size]) {
      context.moveTo(shift, size);
      context.lineTo(shift + size, 0);
    }
    context.stroke();
    const pattern = this.#context.createPattern(tile, "repeat");
    pattern?.setTransform(new DOMMatrix().scale(1 / this.#scale));
    return pattern;
  }
}
