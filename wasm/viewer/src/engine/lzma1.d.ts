/** What is used of the package lzma1. Its own types are its source, which our stricter options refuse. */

export declare function compress(bytes: Uint8Array, mode: number): Uint8Array;

export declare class InputBuffer {
  constructor(bytes: Uint8Array);
}

export declare class OutputBuffer {
  constructor(bytes: number);
  toArray(): Uint8Array<ArrayBuffer>;
}

export declare class Decoder {
  decompress(input: InputBuffer, output: OutputBuffer): void;
}
