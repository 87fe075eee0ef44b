/** Tables of the page's own lists, so that they are shown and saved as the analyses are. */

import type { Column } from "../engine/protocol";

const NULL = 0xffffffff;

export function texts(name: string, values: (string | null)[]): Column {
  const dictionary = [...new Set(values.filter((value) => value !== null))];
  const codes = new Map(dictionary.map((value, code) => [value, code]));
  return { name, type: "text", dictionary, codes: Uint32Array.from(values, (value) => (value === null ? NULL : (codes.get(value) ?? NULL))) };
}

export function numbers(name: string, values: (number | null)[]): Column {
  return { name, type: "number", values: Float64Array.from(values, (value) => value ?? NaN) };
}
