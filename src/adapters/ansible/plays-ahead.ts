import type { Ansible } from './ansible.js';
import type { StartedPlay } from './started-play.js';

/** A play of `requests.yml`, as it is known before what its hosts are asked. */
export type WaitingPlay = Parameters<Ansible['start']>[0];

/** How long a play that was started ahead waits to be needed. */
const AHEAD_MS = 60_000;

/** Plays that were started before anybody needs them. What goes wrong with one is told to whoever needs it. */
export class PlaysAhead {
  readonly #ansible: Pick<Ansible, 'start'>;
  /** By what they are. Never an empty list. */
  readonly #waiting = new Map<string, readonly StartedPlay[]>();

  constructor(ansible: Pick<Ansible, 'start'>) {
    this.#ansible = ansible;
  }

  /** Whether such a play waits. */
  has(play: WaitingPlay): boolean {
    return this.#waiting.has(keyOf(play));
  }

  /** Sees to it that so many of them wait: for a while, and then they end. */
  start(play: WaitingPlay, number: number): void {
    const key = keyOf(play);
    const missing = number - (this.#waiting.get(key)?.length ?? 0);
    for (let left = missing; left > 0; left--) this.#startOne(key, play);
  }

  /** One that waits, or one that is started now. */
  take(play: WaitingPlay): StartedPlay {
    const key = keyOf(play);
    const [first] = this.#waiting.get(key) ?? [];
    if (first === undefined) return this.#ansible.start(play);
    this.#forget(key, first);
    return first;
  }

  /** Ends all that wait. */
  async close(): Promise<void> {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    await Promise.all(all.map((started) => started.end()));
  }

  #startOne(key: string, play: WaitingPlay): void {
    const started = this.#ansible.start(play);
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), started]);
    const timer = setTimeout(() => {
      if (this.#forget(key, started)) void started.end();
    }, AHEAD_MS);
    void started.over.then(() => {
      clearTimeout(timer);
      this.#forget(key, started);
    });
  }

  /** Whether it still waited. */
  #forget(key: string, started: StartedPlay): boolean {
    const waiting = this.#waiting.get(key) ?? [];
    const left = waiting.filter((one) => one !== started);
    if (left.length > 0) this.#waiting.set(key, left);
    else this.#waiting.delete(key);
    return left.length < waiting.length;
  }
}

function keyOf(play: WaitingPlay): string {
  return JSON.stringify(play);
}
