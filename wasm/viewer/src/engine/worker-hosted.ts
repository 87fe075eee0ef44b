/** Starts workers of the static site: scripts beside the page. */

export const startWorker = (): Worker => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

export const startDemoWorker = (): Worker => new Worker(new URL("./worker-demo.ts", import.meta.url), { type: "module" });
