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

/** Plays that have started and that nobody needs yet, or for the moment. One that ends by itself is not there any more. */
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

  /** Starts one, which knows the inventory as it is now, in place of those that are there. */
  renew(play: IdlePlay): void {
    void this.#end(keyOf(play));
    this.keep(play, this.#ansible.start(play));
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
    await Promise.all([...this.#idle.keys()].map((key) => this.#end(key)));
  }

  async #end(key: string): Promise<void> {
    const idle = this.#idle.get(key) ?? [];
    for (const { started } of idle) this.#forget(key, started);
    await Promise.all(idle.map(({ started }) => started.end()));
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
