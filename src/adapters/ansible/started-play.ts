import { PassThrough } from 'node:stream';
import type { Json } from '../../domain/canonical-json.js';
import type { Played, PlayOptions } from './ansible.js';
import type { Secrets } from './command.js';

/** What hosts are asked by one play of `requests.yml`. */
export interface Told {
  /** By the name of the host. */
  readonly requests: Readonly<Record<string, readonly Json[]>>;
  /** Of components that are staged. */
  readonly secrets: Secrets;
}

/** How a play came to its end. */
export type PlayEnd = Omit<Played, 'results'>;

export interface CarryOutOptions extends Omit<PlayOptions, 'onWaits'> {
  /** Whether everything has come that is to come. */
  readonly isComplete: () => boolean;
}

/** As many plays as `requests.yml` has. */
export const PLAYS = 12;

/**
 * An Ansible that has started and carries out nothing until it is told what, and then waits to be told the next: most of what a play
 * takes is the start of Ansible, which knows by then the hosts, and how they are reached. Whoever starts one calls `end`.
 */
export class StartedPlay {
  /** Resolves when Ansible has ended, however it did. */
  readonly over: Promise<void>;
  readonly #ended: Promise<Played>;
  readonly #stop = new AbortController();
  readonly #told = new PassThrough({ objectMode: true });
  #plays = 0;
  #options: PlayOptions = {};
  #waits!: Promise<void>;
  #nowItWaits!: () => void;

  /** `begin`: starts Ansible, which is told what is read. */
  constructor(begin: (told: AsyncIterable<Told>, options: PlayOptions) => Promise<Played>) {
    this.#doesNotWait();
    this.#ended = begin(this.#told, {
      signal: this.#stop.signal,
      onTask: (task) => this.#options.onTask?.(task),
      onResult: (result) => this.#options.onResult?.(result),
      onWaits: () => this.#nowItWaits(),
    });
    // Told to whom it carries something out for.
    this.over = this.#ended.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Whether the next play is its last. */
  get isLast(): boolean {
    return this.#plays === PLAYS - 1;
  }

  /**
   * Carries out one play, once the one before has come to its end. Results are told to `onResult` alone. Where some are missing at its end
   * (`isComplete`), Ansible is ended, which says why. Rejects with the signal's reason when all of Ansible has ended, or with ANSIBLE_MISSING.
   */
  async carryOut(told: Told, options: CarryOutOptions): Promise<PlayEnd> {
    const { signal, isComplete } = options;
    const end = (): void => this.#stop.abort(signal?.reason);
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
    this.#plays += 1;
    try {
      const early = await this.#untilItWaits();
      if (early) return early;
      this.#options = options;
      this.#doesNotWait();
      this.#told.write(told);
      const late = await this.#untilItWaits();
      if (late) return late;
      if (isComplete()) return { exitCode: 0, stderr: '' };
      this.#told.end();
      return await this.#ended;
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  /** Ends it: nobody needs it any more. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#stop.abort(new Error('the play is not needed'));
    await this.over;
  }

  /** Answers the end of Ansible when that comes instead. */
  async #untilItWaits(): Promise<PlayEnd | undefined> {
    const ended = await Promise.race([this.#waits, this.#ended]);
    return ended ?? (this.#stop.signal.aborted ? this.#ended : undefined);
  }

  #doesNotWait(): void {
    this.#waits = new Promise((resolve) => (this.#nowItWaits = resolve));
  }
}
