import type { Json } from '../../domain/canonical-json.js';
import type { Played, PlayOptions } from './ansible.js';
import type { Secrets } from './command.js';

/** What a play of `requests.yml` is told once it has started. */
export interface Told {
  /** By the name of the host. */
  readonly requests: Readonly<Record<string, readonly Json[]>>;
  /** Of components that are staged. */
  readonly secrets: Secrets;
}

/**
 * A play that has started and carries out nothing until it is told what: most of what a play takes is the start of Ansible, which
 * knows by then the hosts, and how they are reached. Whoever starts one calls `carryOut` or `end`.
 */
export class StartedPlay {
  /** Resolves when the play has ended, however it did. */
  readonly over: Promise<void>;
  readonly #ended: Promise<Played>;
  readonly #stop = new AbortController();
  #options: PlayOptions = {};
  #tell: (told: Told) => void = () => undefined;

  constructor(begin: (told: Promise<Told>, options: PlayOptions) => Promise<Played>) {
    const told = new Promise<Told>((resolve) => (this.#tell = resolve));
    this.#ended = begin(told, {
      signal: this.#stop.signal,
      onTask: (task) => this.#options.onTask?.(task),
      onResult: (result) => this.#options.onResult?.(result),
    });
    // Told to whom it carries something out for.
    this.over = this.#ended.then(
      () => undefined,
      () => undefined,
    );
  }

  /** As `Ansible.play`. */
  async carryOut(told: Told, options: PlayOptions): Promise<Played> {
    const { signal } = options;
    const end = (): void => this.#stop.abort(signal?.reason);
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
    this.#options = options;
    this.#tell(told);
    try {
      return await this.#ended;
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  /** Ends it: nobody needs it. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#stop.abort(new Error('the play is not needed'));
    await this.over;
  }
}
