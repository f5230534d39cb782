import { setMaxListeners } from 'node:events';
import type { Json } from '../../domain/canonical-json.js';
import type { SshTarget } from '../ssh/target.js';
import { REQUESTS, type Ansible, type Played, type PlayOptions } from './ansible.js';
import { connectionVars, type Play } from './command.js';
import type { TaskResult } from './events.js';

/** What one host is asked by a play of `requests.yml`. */
export interface HostPart {
  readonly target: SshTarget;
  readonly requests: readonly Json[];
  /** Parts of one environment that are the same in this go into one play. */
  readonly play: Pick<Play, 'inventory' | 'mode' | 'secrets'>;
  readonly environment: string;
}

/** How a part hangs on who asked for it. */
export type PartOptions = Required<Pick<PlayOptions, 'signal' | 'onTask'>>;

/** A step of a run begins on all hosts at once; what comes within this time goes into one play. */
const GATHERING_MS = 100;

/**
 * Plays of `requests.yml`. A start of Ansible takes most of a second of processor time, so what is asked of several hosts at the same
 * time is one play.
 */
export class RequestPlays {
  readonly #ansible: Pick<Ansible, 'play'>;
  readonly #gathering = new Map<string, Waiting[]>();

  constructor(ansible: Pick<Ansible, 'play'>) {
    this.#ansible = ansible;
  }

  /**
   * Resolves with what came of this host, as soon as all of it is there. The signal ends the whole play, and then this rejects with its
   * reason; what the play had not said of other hosts by then is unknown to them, as it is when a play is killed.
   */
  play(part: HostPart, options: PartOptions): Promise<Played> {
    return new Promise((resolve, reject) => {
      this.#gather(new Waiting(part, options, resolve, reject));
    });
  }

  #gather(waiting: Waiting): void {
    const { environment, play } = waiting.part;
    const key = JSON.stringify([environment, play]);
    const others = this.#gathering.get(key);
    // A host that is asked twice is asked in two plays.
    if (others && !others.some(({ host }) => host === waiting.host)) {
      others.push(waiting);
      return;
    }
    const all = [waiting];
    this.#gathering.set(key, all);
    setTimeout(() => {
      if (this.#gathering.get(key) === all) this.#gathering.delete(key);
      void this.#carryOut(all.filter(({ isSettled }) => !isSettled));
    }, GATHERING_MS);
  }

  /** Never rejects: whoever waits is told. */
  async #carryOut(all: readonly Waiting[]): Promise<void> {
    const [first] = all;
    if (!first) return;
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    for (const one of all) one.onAbort = () => stop.abort();
    const vars = {
      safeguard_requests: Object.fromEntries(all.map(({ host, part }) => [host, part.requests])),
      safeguard_connections: Object.fromEntries(
        all.map(({ host, part }) => [host, connectionVars(part.target)]),
      ),
    };
    try {
      const hosts = all.map(({ host }) => host);
      const ended = await this.#ansible.play(
        { ...first.part.play, hosts, playbook: REQUESTS, vars },
        {
          signal: stop.signal,
          onTask: (task) => all.forEach(({ options }) => options.onTask(task)),
          onResult: (result) => all.forEach((one) => one.take(result)),
        },
      );
      for (const one of all) one.end(ended);
    } catch (error) {
      for (const one of all)
        if (stop.signal.aborted) one.end({ exitCode: null, stderr: '' });
        else one.fail(error);
    }
  }
}

/** Somebody who waits for what comes of one host. */
class Waiting {
  readonly host: string;
  isSettled = false;
  /** Called when its signal aborts; until there is a play, it just leaves. */
  onAbort = (): void => this.end({ exitCode: null, stderr: '' });
  readonly #results: TaskResult[] = [];

  constructor(
    readonly part: HostPart,
    readonly options: PartOptions,
    readonly resolve: (played: Played) => void,
    readonly reject: (reason: unknown) => void,
  ) {
    this.host = part.target.name;
    const { signal } = options;
    signal.addEventListener('abort', this.#aborted);
    if (signal.aborted) this.#aborted();
  }

  take(result: TaskResult): void {
    if (result.host !== this.host) return;
    this.#results.push(result);
    const isAll = result.event === 'unreachable' || this.#results.length === this.part.requests.length;
    if (isAll) this.end({ exitCode: 0, stderr: '' });
  }

  end({ exitCode, stderr }: Omit<Played, 'results'>): void {
    const { signal } = this.options;
    if (signal.aborted) this.fail(signal.reason);
    else this.#settle(() => this.resolve({ results: this.#results, exitCode, stderr }));
  }

  fail(reason: unknown): void {
    this.#settle(() => this.reject(reason));
  }

  readonly #aborted = (): void => this.onAbort();

  #settle(tell: () => void): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.options.signal.removeEventListener('abort', this.#aborted);
    tell();
  }
}
