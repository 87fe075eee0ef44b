/** What is used of the package lzma1. Its own types are its source, which our stricter options refuse. */

export declare class Encoder {
  protected _numLiteralContextBits: number;
  protected _posStateBits: number;
  protected _posStateMask: number;
  configure(mode: { searchDepth: number; filterStrength: number; modeIndex: number }): void;
  compress(input: InputBuffer, output: OutputBuffer, mode: Parameters<Encoder["configure"]>[0]): void;
}

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
