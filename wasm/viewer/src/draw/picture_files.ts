/** Pictures as files: PNG at twice the size, SVG. */

import { CanvasPen } from "./canvas_pen";
import type { Draw, Palette } from "./pen";
import { svgOf } from "./svg_pen";

const SCALE = 2;

export function svgBlob(draw: Draw, width: number, height: number, palette: Palette): Blob {
  return new Blob([svgOf(draw, width, height, palette)], { type: "image/svg+xml" });
}

export function pngOf(draw: Draw, width: number, height: number, palette: Palette): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext("2d");
  if (context !== null) {
    const pen = new CanvasPen(context, SCALE);
    pen.rect(0, 0, width, height, palette.panel);
    draw(pen, width, height, palette);
  }
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("the browser could not make the picture"))), "image/png");
  });
}
