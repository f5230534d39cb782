import { setMaxListeners } from 'node:events';
import type { Json } from '../../domain/canonical-json.js';
import type { SshTarget } from '../ssh/target.js';
import type { Ansible, Played, PlayOptions } from './ansible.js';
import { connectionVars, type Play, type Secrets } from './command.js';
import type { TaskResult } from './events.js';
import { IdlePlays, type IdlePlay } from './idle-plays.js';
import type { PlayEnd } from './started-play.js';

/** What one host is asked by a play of `requests.yml`. */
export interface HostPart {
  readonly target: SshTarget;
  readonly requests: readonly Json[];
  /** Parts of one environment that are the same in this go into one play. */
  readonly play: Pick<Play, 'inventory' | 'mode'> & { readonly secrets: Secrets };
  readonly environment: string;
  /** Whether the same hosts are about to be asked for more. */
  readonly isMoreToCome: boolean;
}

/** How a part hangs on who asked for it. */
export type PartOptions = Required<Pick<PlayOptions, 'signal' | 'onTask'>>;

/** A step of a run begins on all hosts at once; what comes within this time goes into one play. */
const GATHERING_MS = 100;

/**
 * Plays of `requests.yml`. A start of Ansible takes most of a second of processor time, so what is asked of several hosts at the same
 * time is one play, one that is about to be needed can be started ahead, and one after the other is carried out by the same Ansible.
 */
export class RequestPlays {
  readonly #idle: IdlePlays;
  readonly #gathering = new Map<string, Waiting[]>();

  constructor(ansible: Pick<Ansible, 'start'>) {
    this.#idle = new IdlePlays(ansible);
  }

  /** Starts a play of these hosts, which then waits for what they are asked. */
  anticipate(play: Pick<Play, 'inventory' | 'mode'>, targets: readonly SshTarget[]): void {
    this.#idle.renew(playFor(play, targets));
  }

  /** Ends the plays that wait. */
  async close(): Promise<void> {
    await this.#idle.close();
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
    const all = others?.every(({ host }) => host !== waiting.host) ? others : [];
    all.push(waiting);
    if (all !== others) {
      this.#gathering.set(key, all);
      setTimeout(() => this.#close(key, all), GATHERING_MS);
    }
    // One that waits is for these hosts and no others: nobody else is waited for.
    if (this.#idle.has(playFor(play, targetsOf(all)))) this.#close(key, all);
  }

  #close(key: string, all: Waiting[]): void {
    if (this.#gathering.get(key) === all) this.#gathering.delete(key);
    void this.#carryOut(all.splice(0).filter(({ isSettled }) => !isSettled));
  }

  /** Never rejects: whoever waits is told. */
  async #carryOut(all: readonly Waiting[]): Promise<void> {
    const [first] = all;
    if (!first) return;
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    for (const one of all) one.onAbort = () => stop.abort();
    const play = playFor(first.part.play, targetsOf(all));
    const requests = Object.fromEntries(all.map(({ host, part }) => [host, part.requests]));
    const started = this.#idle.take(play);
    const isMoreToCome = !started.isLast && all.some(({ part }) => part.isMoreToCome);
    // Where something failed, Ansible would go on without that host.
    const isNeededAgain = (): boolean =>
      isMoreToCome && !stop.signal.aborted && all.every(({ isAnswered }) => isAnswered);
    const isComplete = (): boolean => all.every(({ isSettled }) => isSettled);
    const onTask = (task: string): void => all.forEach(({ options }) => options.onTask(task));
    const onResult = (result: TaskResult): void => {
      if (isComplete()) return;
      for (const one of all) one.take(result);
      // Nobody waits for it to come to its end: who asks next may do so before.
      if (isNeededAgain()) this.#idle.keep(play, started);
      else if (isComplete()) void started.end();
    };
    const options = { signal: stop.signal, onTask, onResult, isComplete };
    try {
      const ended = await started.carryOut({ requests, secrets: first.part.play.secrets }, options);
      for (const one of all) one.end(ended);
    } catch (error) {
      for (const one of all)
        if (stop.signal.aborted) one.end({ exitCode: null, stderr: '' });
        else one.fail(error);
    } finally {
      if (!isNeededAgain()) await started.end();
    }
  }
}

/** A play of hosts, as it is known before what they are asked. */
function playFor(
  { inventory, mode }: Pick<Play, 'inventory' | 'mode'>,
  targets: readonly SshTarget[],
): IdlePlay {
  const all = [...targets].sort((one, other) => (one.name < other.name ? -1 : 1));
  const connections = Object.fromEntries(all.map((target) => [target.name, connectionVars(target)]));
  const hosts = all.map(({ name }) => name);
  return { inventory, mode, hosts, vars: { safeguard_connections: connections } };
}

function targetsOf(all: readonly Waiting[]): SshTarget[] {
  return all.map(({ part }) => part.target);
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

  /** Whether all that it asked was carried out. */
  get isAnswered(): boolean {
    const isAll = this.#results.length === this.part.requests.length;
    return isAll && this.#results.every(({ event }) => event === 'ok');
  }

  take(result: TaskResult): void {
    if (result.host !== this.host) return;
    this.#results.push(result);
    const isAll = result.event === 'unreachable' || this.#results.length === this.part.requests.length;
    if (isAll) this.end({ exitCode: 0, stderr: '' });
  }

  end({ exitCode, stderr }: PlayEnd): void {
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
