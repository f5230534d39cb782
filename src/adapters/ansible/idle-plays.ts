import type { Ansible } from './ansible.js';
import type { StartedPlay } from './started-play.js';

/** A play of `requests.yml`, as it is known before what its hosts are asked. */
export type IdlePlay = Parameters<Ansible['start']>[0];

interface Idle {
  readonly started: StartedPlay;
  /** Ends it. */
  readonly timer: NodeJS.Timeout;
}

/** How long one waits to be needed. */
const IDLE_MS = 60_000;

/** Plays that have started and that nobody needs yet, or for the moment. What goes wrong with one is told to whoever needs it. */
export class IdlePlays {
  readonly #ansible: Pick<Ansible, 'start'>;
  /** By what they are. Never an empty list. */
  readonly #idle = new Map<string, readonly Idle[]>();

  constructor(ansible: Pick<Ansible, 'start'>) {
    this.#ansible = ansible;
  }

  /** Whether there is one of these. */
  has(play: IdlePlay): boolean {
    return this.#idle.has(keyOf(play));
  }

  /** Sees to it that there is one. */
  start(play: IdlePlay): void {
    if (!this.has(play)) this.keep(play, this.#ansible.start(play));
  }

  /** One that is there, or one that is started now. */
  take(play: IdlePlay): StartedPlay {
    const key = keyOf(play);
    const [first] = this.#idle.get(key) ?? [];
    if (first === undefined) return this.#ansible.start(play);
    this.#forget(key, first.started);
    return first.started;
  }

  /** Keeps one for whoever needs it next: for a while, and then it ends. */
  keep(play: IdlePlay, started: StartedPlay): void {
    const key = keyOf(play);
    const timer = setTimeout(() => {
      this.#forget(key, started);
      void started.end();
    }, IDLE_MS);
    this.#idle.set(key, [...(this.#idle.get(key) ?? []), { started, timer }]);
    void started.over.then(() => this.#forget(key, started));
  }

  /** Ends all that are there. */
  async close(): Promise<void> {
    const all = [...this.#idle.entries()];
    for (const [key, idle] of all) for (const { started } of idle) this.#forget(key, started);
    await Promise.all(all.flatMap(([, idle]) => idle.map(({ started }) => started.end())));
  }

  #forget(key: string, started: StartedPlay): void {
    const idle = this.#idle.get(key) ?? [];
    for (const one of idle) if (one.started === started) clearTimeout(one.timer);
    const left = idle.filter((one) => one.started !== started);
    if (left.length > 0) this.#idle.set(key, left);
    else this.#idle.delete(key);
  }
}

function keyOf(play: IdlePlay): string {
  return JSON.stringify(play);
}
