import { createReadStream, type ReadStream } from 'node:fs';
import { mkdtemp, open, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SafeguardError } from '../../domain/errors.js';
import { runInGroup, type Command, type Ended } from '../process-group.js';
import { ansibleEnvironment, ANSIBLE, playArguments, type Play } from './command.js';
import { readEvent, type TaskResult } from './events.js';
import { StartedPlay, type Told } from './started-play.js';
import { unsafeYaml } from './unsafe-yaml.js';

/** What one play came to. */
export interface Played {
  /** In the order in which they came. */
  readonly results: readonly TaskResult[];
  /** `null`: a signal ended it. */
  readonly exitCode: number | null;
  /** What Ansible said beside its events, cut. */
  readonly stderr: string;
}

export interface PlayOptions {
  readonly signal?: AbortSignal;
  /** Called with the name of each task as it begins. */
  readonly onTask?: (task: string) => void;
  /** Called with each result as it comes. */
  readonly onResult?: (result: TaskResult) => void;
  /** Called each time that it waits to be told what to carry out. */
  readonly onWaits?: () => void;
}

/** How one of Ansible's programs ended; `null`: by a signal. */
type Finished = Omit<Ended, 'exitCode'> & { readonly exitCode: number | null };

const MESSAGE_CHARACTERS = 2_000;

/**
 * Ansible's command line (ansible-core 2.19). `directory` has its programs; `SAFEGUARD_ANSIBLE`, or the `PATH`, unless told. Every
 * method throws ANSIBLE_MISSING, or the reason of the signal once Ansible and all that it started have ended.
 */
export class Ansible {
  readonly #directory: string;

  constructor(directory: string = process.env['SAFEGUARD_ANSIBLE'] ?? '') {
    this.#directory = directory;
  }

  /** Carries out a play; resolves for every end of it. */
  play(play: Play, options: PlayOptions = {}): Promise<Played> {
    return this.#play(play, {}, options);
  }

  /** Starts `requests.yml`, whose plays then wait to be told what to carry out. */
  start(play: Omit<Play, 'playbook'>): StartedPlay {
    return new StartedPlay((told, options) =>
      withNameless((lent, write) =>
        this.#play({ ...play, playbook: REQUESTS }, { lent, input: linesOf(told, write) }, options),
      ),
    );
  }

  async #play(
    play: Play,
    told: Pick<Command, 'lent' | 'input'>,
    { signal, onTask, onResult, onWaits }: PlayOptions,
  ): Promise<Played> {
    const results: TaskResult[] = [];
    const onLine = (line: string): void => {
      const event = readEvent(line);
      if (event?.event === 'task') onTask?.(event.task);
      else if (event?.event === 'waits') onWaits?.();
      else if (event) {
        results.push(event);
        onResult?.(event);
      }
    };
    const cwd = dirname(play.playbook);
    const { exitCode, stderr } = await this.#run(
      'ansible-playbook',
      async (scratch) => playArguments(play, await varsFile(scratch, play)),
      { cwd, ...told, onLine },
      signal,
    );
    return { results, exitCode, stderr: stderr.trim().slice(-MESSAGE_CHARACTERS) };
  }

  /** The first line of `ansible-playbook --version`. */
  async version(signal?: AbortSignal): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#run(
      'ansible-playbook',
      () => ['--version'],
      { cwd: ANSIBLE },
      signal,
    );
    if (exitCode === 0) return stdout.split('\n')[0] ?? '';
    throw new SafeguardError(
      'ANSIBLE_MISSING',
      `ansible-playbook --version failed: ${stderr.trim().slice(-500)}`,
    );
  }

  /** What `ansible-inventory --list` prints of an inventory. */
  async inventory(file: string, signal?: AbortSignal): Promise<Finished> {
    return this.#run(
      'ansible-inventory',
      () => ['--inventory', file, '--list'],
      { cwd: dirname(file) },
      signal,
    );
  }

  async #run(
    name: string,
    argsIn: (scratch: string) => readonly string[] | Promise<readonly string[]>,
    how: Omit<Command, 'program' | 'args' | 'env'>,
    signal: AbortSignal | undefined,
  ): Promise<Finished> {
    const scratch = await mkdtemp(join(tmpdir(), 'safeguard-ansible-'));
    try {
      const env = {
        ...ansibleEnvironment(process.env, this.#directory, scratch),
        SAFEGUARD_WORKER: String(process.pid),
        ...(how.lent ? { SAFEGUARD_SECRETS: '3' } : {}),
        ...(how.input ? { SAFEGUARD_REQUESTS: '0' } : {}),
      };
      const program = this.#directory === '' ? name : join(this.#directory, name);
      const args = await argsIn(scratch);
      const ended = await runInGroup({ program, args, env, ...how }, signal);
      if (!isMissing(ended)) return { ...ended, exitCode: ended.exitCode ?? null };
      throw new SafeguardError('ANSIBLE_MISSING', `${name} could not be carried out: ${ended.why}`, {
        cause: ended.cause,
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
}

function isMissing({ exitCode, cause }: Ended): boolean {
  const { code } = cause as { readonly code?: unknown };
  return exitCode === undefined && ['ENOENT', 'EACCES', 'ENOTDIR'].includes(String(code));
}

/** What a play is told; nothing secret is among it. */
async function varsFile(scratch: string, { vars }: Play): Promise<string> {
  const file = join(scratch, 'vars.yml');
  await writeFile(file, unsafeYaml(vars), { mode: 0o600 });
  return file;
}

/** The secrets of each play are there before it is told of them, and those of the one before are not any more. */
async function* linesOf(
  told: AsyncIterable<Told>,
  write: (secrets: string) => Promise<void>,
): AsyncGenerator<string> {
  for await (const { requests, secrets } of told) {
    await write(JSON.stringify(secrets));
    yield `${JSON.stringify(requests)}\n`;
  }
}

/** Lends a file that has no name, so that nothing of what is written to it stays, whatever is killed. */
async function withNameless<T>(
  use: (file: ReadStream, write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-secrets-'));
  const path = join(directory, 'secrets');
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    await rm(directory, { recursive: true });
    return await use(createReadStream('', { fd: file.fd, autoClose: false }), async (text) => {
      await file.truncate();
      await file.write(text, 0);
    });
  } finally {
    await file.close();
  }
}

/** The playbook that carries out requests of a worker. */
export const REQUESTS = join(ANSIBLE, 'playbooks', 'requests.yml');
