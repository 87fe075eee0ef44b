/** What the build makes of imports that TypeScript can't know. */

declare module "*?packed" {
  /** The file's address, or in a single page the file as text. */
  const packed: string;
  export default packed;
}

declare module "$module" {
  export const packedModule: (name: "main" | "demo") => Promise<Uint8Array<ArrayBuffer>>;
}

declare module "$worker" {
  export const startWorker: () => Worker;
  export const startDemoWorker: () => Worker;
}
