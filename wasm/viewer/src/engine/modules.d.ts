/** What the build makes of imports that TypeScript can't know. */

declare module "*?packed" {
  const packed: string;
  export default packed;
}

declare module "$module" {
  export const compiled: (name: "main" | "demo") => Promise<WebAssembly.Module>;
}

declare module "$worker" {
  export const startWorker: () => Worker;
  export const startDemoWorker: () => Worker;
}
