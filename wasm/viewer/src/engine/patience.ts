/** When questions that take long may be asked: behind reading, when workers have made ready for them, and once in a while before. */

/** They are asked no more often than this while reading, and again behind it. */
const PATIENCE_MS = 2000;
/** Nor before so many times as long as the answer took has gone into reading. */
const READING_PER_ANSWERING = 4;

export class Patience {
  private ready: Promise<void> = Promise.resolve();
  private tellReady = (): void => undefined;
  private askFrom = 0;

  /** Reading begins. */
  begin(): void {
    this.tellReady();
    this.ready = new Promise((resolve) => (this.tellReady = resolve));
    this.askFrom = performance.now() + PATIENCE_MS;
  }

  /** To be called when all is read, and workers have made ready; for what began last, whatever begins until then. */
  get end(): () => void {
    return this.tellReady;
  }

  /** Resolves when such a question may be asked, with whom to tell when it is answered. */
  async wait(isReading: () => boolean): Promise<() => void> {
    if (isReading()) {
      const wait = this.askFrom - performance.now();
      await Promise.race([this.ready, new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)))]);
    }
    if (!isReading()) await this.ready;
    const from = performance.now();
    this.askFrom = from + PATIENCE_MS;
    return () => {
      const now = performance.now();
      this.askFrom = Math.max(this.askFrom, now + (now - from) * READING_PER_ANSWERING);
    };
  }
}
