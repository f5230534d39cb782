import { setTimeout as delay } from 'node:timers/promises';
import type { TemporalServer } from './temporal-server.js';

/** What happened to the supervised server. */
export type ServerChange =
  | { readonly type: 'died'; readonly how: string }
  | { readonly type: 'back'; readonly pid: number; readonly downMs: number }
  | { readonly type: 'restart-failed'; readonly error: unknown; readonly nextMs: number };

const FIRST_MS = 200;
const LONGEST_MS = 5_000;

/** Milliseconds to wait before the given try of a restart (0 is the first): 200 ms, doubling up to 5 s. */
export function backoff(attempt: number): number {
  return Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
}

/** Keeps a server running: when it ends without having been asked to, it is started again on the same place. */
export class ServerSupervisor {
  #server: TemporalServer;
  readonly #start: () => Promise<TemporalServer>;
  readonly #onChange: (change: ServerChange) => Promise<void> | void;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;

  /** `server` runs already; `start` makes the next one. `onChange` is awaited, and must not throw. */
  constructor(
    server: TemporalServer,
    start: () => Promise<TemporalServer>,
    onChange: (change: ServerChange) => Promise<void> | void,
  ) {
    this.#server = server;
    this.#start = start;
    this.#onChange = onChange;
    this.#watching = this.#watch();
  }

  /** Process id of the server that runs now, or ran last. */
  get pid(): number {
    return this.#server.pid;
  }

  /** Ends the server and the watch over it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.stop();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for (;;) {
      const how = await this.#server.exited;
      if (this.#stopping.signal.aborted) return;
      const died = Date.now();
      await this.#onChange({ type: 'died', how });
      const next = await this.#restart();
      if (next === undefined) return;
      this.#server = next;
      await this.#onChange({ type: 'back', pid: next.pid, downMs: Date.now() - died });
    }
  }

  /** The next server; `undefined` when asked to stop meanwhile. */
  async #restart(): Promise<TemporalServer | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      await this.#pause(backoff(attempt));
      if (this.#stopped()) return undefined;
      try {
        const server = await this.#start();
        if (!this.#stopped()) return server;
        await server.stop();
        return undefined;
      } catch (error) {
        await this.#onChange({ type: 'restart-failed', error, nextMs: backoff(attempt + 1) });
      }
    }
  }

  #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #pause(milliseconds: number): Promise<void> {
    try {
      await delay(milliseconds, undefined, { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}
