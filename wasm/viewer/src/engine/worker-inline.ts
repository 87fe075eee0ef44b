/** Starts workers of the single file: scripts inside it. A module worker from a blob fails on file://, so they are none. */

import Demo from "./worker-demo?worker&inline";
import Main from "./worker?worker&inline";

export const startWorker = (): Worker => new Main();

export const startDemoWorker = (): Worker => new Demo();
