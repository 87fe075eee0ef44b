import { expect, test } from "vitest";
import { decode, encode } from "../../src/engine/base85";

test("bytes come back, however many, and stand in a script as they are", () => {
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 1000, 1001]) {
    for (const bytes of [new Uint8Array(length).fill(255), new Uint8Array(length), Uint8Array.from({ length }, (_, place) => (place * 131) % 256)]) {
      const text = encode(bytes);
      expect(text.length).toBe(length + Math.ceil(length / 4));
      expect(text).not.toMatch(/["'`\\$&<>\s]|[^ -~]/);
      expect(decode(text)).toEqual(bytes);
    }
  }
});
