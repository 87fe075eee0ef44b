/** The pen for files: the same strokes as SVG text; every value is escaped. */

import { FONT, fitted, px, type Draw, type Fill, type Palette, type PathLook, type Pen, type TextLook } from "./pen";

export class SvgPen implements Pen {
  readonly #parts: string[] = [];
  readonly #hatches = new Map<string, string>();

  rect(x: number, y: number, width: number, height: number, fill: Fill, radius = 0): void {
    const round = radius > 0 ? ` rx="${px(radius)}"` : "";
    this.#parts.push(
      `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(Math.max(0, height))}"${round} fill="${this.#paint(fill)}"/>`,
    );
  }

  path(d: string, { fill, stroke, width = 1, opacity = 1, dash }: PathLook): void {
    const paint = fill === undefined ? "none" : this.#paint(fill);
    const line = stroke === undefined ? "" : ` stroke="${escaped(stroke)}" stroke-width="${px(width)}"`;
    const dashes = dash === undefined || dash.length === 0 ? "" : ` stroke-dasharray="${dash.map(px).join(" ")}"`;
    const clear = opacity === 1 ? "" : ` opacity="${px(opacity)}"`;
    this.#parts.push(`<path d="${escaped(d)}" fill="${paint}"${line}${dashes}${clear}/>`);
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const anchor = { left: "start", center: "middle", right: "end" }[look.align ?? "left"];
    const turn = look.upwards ? ` transform="rotate(-90 ${px(x)} ${px(y)})"` : "";
    this.#parts.push(
      `<text x="${px(x)}" y="${px(y)}" font-size="${look.size ?? 12}" font-weight="${look.weight ?? 400}" text-anchor="${anchor}" dominant-baseline="central" fill="${escaped(look.fill)}"${turn}>${escaped(fitted(text, look))}</text>`,
    );
  }

  /** The picture as the text of an SVG file. */
  finish(width: number, height: number, back: string): string {
    const hatches = [...this.#hatches].map(
      ([colour, id]) =>
        `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="${escaped(colour)}" opacity="0.38"/><path d="M-6 6L0 0M0 6L6 0M6 6L12 0" stroke="${escaped(colour)}" stroke-width="2"/></pattern>`,
    );
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}" font-family="${escaped(FONT)}">`,
      hatches.length > 0 ? `<defs>${hatches.join("")}</defs>` : "",
      `<rect width="100%" height="100%" fill="${escaped(back)}"/>`,
      ...this.#parts,
      "</svg>",
    ].join("\n");
  }

  #paint(fill: Fill): string {
    if (typeof fill === "string") return escaped(fill);
    const id = this.#hatches.get(fill.hatch) ?? `hatch${this.#hatches.size + 1}`;
    this.#hatches.set(fill.hatch, id);
    return `url(#${id})`;
  }
}

/** A picture as an SVG file. */
export function svgOf(draw: Draw, width: number, height: number, palette: Palette): string {
  const pen = new SvgPen();
  draw(pen, width, height, palette);
  return pen.finish(width, height, palette.panel);
}

/** Text that can stand in SVG and HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
