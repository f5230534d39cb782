import type { Ansible, Played, PlayOptions } from '../../../src/adapters/ansible/ansible.js';
import type { TaskResult } from '../../../src/adapters/ansible/events.js';
import { RequestPlays, type HostPart } from '../../../src/adapters/ansible/request-plays.js';
import { StartedPlay, type PlayEnd, type Told } from '../../../src/adapters/ansible/started-play.js';
import { waitUntil } from '../../../lab/waiting.js';

/** A play that was started; the test says what comes of it. */
interface Begun {
  readonly play: Parameters<Ansible['start']>[0];
  readonly options: PlayOptions;
  readonly end: (ended: PlayEnd) => void;
  readonly fail: (error: Error) => void;
}

/** Plays without Ansible: each waits at once, and then for what the test says of it. */
export class MockPlays {
  readonly started: Begun[] = [];
  /** What they were told to carry out, in order. */
  readonly asked: (Begun & { readonly told: Told })[] = [];
  readonly plays = new RequestPlays({ start: (play) => this.#start(play) });

  /** Whoever calls it may await what it answers later, or never. */
  play(what: HostPart, signal = new AbortController().signal): Promise<Played> {
    const played = this.plays.play(what, { signal, onTask: () => undefined });
    played.catch(() => undefined);
    return played;
  }

  isEnded(number: number): boolean {
    return this.started[number]?.options.signal?.aborted === true;
  }

  async untilAsked(number: number): Promise<void> {
    await waitUntil(`${number} plays are asked for`, () => this.asked.length >= number, 5_000, 5);
  }

  #start(play: Begun['play']): StartedPlay {
    return new StartedPlay(
      (told, options) =>
        new Promise((resolve, reject) => {
          const end = (ended: PlayEnd): void => resolve({ results: [], ...ended });
          const begun = { play, options, end, fail: reject };
          this.started.push(begun);
          options.onWaits?.();
          void this.#listen(begun, told);
          options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error));
        }),
    );
  }

  async #listen(begun: Begun, told: AsyncIterable<Told>): Promise<void> {
    for await (const each of told) this.asked.push({ ...begun, told: each });
    begun.end({ exitCode: 1, stderr: 'web-2 is not known' });
  }
}

export function target(name: string): HostPart['target'] {
  const files = { privateKeyFile: '/key', knownHostsFile: '/known_hosts' };
  return { name, address: '10.0.0.1', port: 22, user: 'deploy', ...files };
}

/** Two requests for a host. */
export function part(
  host: string,
  about: Partial<HostPart['play']> = {},
  { environment = 'shop production', isMoreToCome = false } = {},
): HostPart {
  return {
    target: target(host),
    environment,
    isMoreToCome,
    requests: [`first of ${host}`, `second of ${host}`],
    play: { inventory: null, mode: 'carry-out', secrets: {}, ...about },
  };
}

export function result(host: string, event: TaskResult['event'] = 'ok', message = ''): TaskResult {
  return { event, host, task: 'Carry out', action: 'safeguard_host', message };
}

/** All that can happen now has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
