/** Long work in turns: whoever does it lets messages in between. */

/** Whoever works looks up after so long: no gesture waits longer for what is done. */
export const SLICE_MS = 20;

const { port1, port2 } = new MessageChannel();
let wake: (() => void)[] = [];
port1.onmessage = () => {
  const waiting = wake;
  wake = [];
  for (const resolve of waiting) resolve();
};

/** Lets messages in. A timer would wait for milliseconds. */
export function lookUp(): Promise<void> {
  return new Promise((resolve) => {
    wake.push(resolve);
    port2.postMessage(null);
  });
}
