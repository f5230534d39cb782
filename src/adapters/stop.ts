import { setMaxListeners } from 'node:events';

/**
 * Several reasons to stop joined into one signal; the first one is the reason.
 * By hand and not by `AbortSignal.any`: the composite there can be collected while someone listens to it (Node 20).
 */
export class Stop {
  readonly #controller = new AbortController();
  readonly #cleanups: (() => void)[] = [];

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  constructor() {
    setMaxListeners(0, this.#controller.signal);
  }

  /** Stops now, for this reason; later reasons are ignored. */
  because(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Stops when the other signal does, for its reason. */
  with(other: AbortSignal | undefined): this {
    if (!other) return this;
    const forward = (): void => this.because(other.reason);
    if (other.aborted) forward();
    other.addEventListener('abort', forward);
    this.#cleanups.push(() => other.removeEventListener('abort', forward));
    return this;
  }

  /** Stops after so many milliseconds. */
  after(ms: number | undefined, reason: () => Error): this {
    if (ms === undefined) return this;
    const timer = setTimeout(() => this.because(reason()), ms);
    this.#cleanups.push(() => clearTimeout(timer));
    return this;
  }

  /** The work's outcome, or a rejection with the reason when the stop comes first. Disposes. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    const stopped = new Promise<never>((_resolve, reject) => {
      const give = (): void => reject(signal.reason as Error);
      if (signal.aborted) give();
      else signal.addEventListener('abort', give, { once: true });
    });
    try {
      return await Promise.race([stopped, work]);
    } finally {
      this.dispose();
    }
  }

  /** Lets go of all signals and timers. */
  dispose(): void {
    for (const cleanup of this.#cleanups) cleanup();
  }
}
