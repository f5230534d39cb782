import { randomUUID } from 'node:crypto';
import type { ReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { execa } from 'execa';

/** From asking a program to end to killing it. */
const KILL_AFTER_MS = 5_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** A program and all that it is given. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Its whole environment: a variable of ours must not change what it does. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** An open file that it finds as its descriptor 3; left out: none. */
  readonly lent?: ReadStream;
  /** What it finds on its standard input, as it comes; left out: nothing. */
  readonly input?: AsyncIterable<string>;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** How a program ended. `exitCode` is `undefined` when it could not be started, or a signal ended it; then `why` says so. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly why: string;
  /** What the library threw, for an error's cause. */
  readonly cause: unknown;
}

/**
 * Runs a program as the leader of a process group. When the signal aborts, it is asked to end, then killed. However it was ended
 * before its time, nothing that it has started outlives it; answers only then.
 * @throws the signal's reason, or that of the input
 */
export async function runInGroup(command: Command, signal: AbortSignal | undefined): Promise<Ended> {
  signal?.throwIfAborted();
  const { program, args, env, cwd, lent, input, onLine } = command;
  const mark = randomUUID();
  const child = execa(program, args, {
    env: { ...env, SAFEGUARD_GROUP: mark },
    extendEnv: false,
    cwd,
    detached: true,
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(lent ? [lent] : [])],
    reject: false,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const lines = onLine === undefined ? null : follow(child, onLine);
  // It is awaited below; until then it must not end the process.
  lines?.catch(() => undefined);
  let killing: NodeJS.Timeout | undefined;
  let unsaid: { readonly reason: unknown } | undefined;
  const end = (): void => {
    signalGroup(child.pid, 'SIGTERM');
    killing = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  signal?.addEventListener('abort', end, { once: true });
  if (input)
    feed(child.stdin, input).catch((reason: unknown) => {
      unsaid = { reason };
      end();
    });
  try {
    const ended = await child;
    const { exitCode, stdout, stderr } = ended;
    if (exitCode === undefined || signal?.aborted) await killMarked(mark);
    await lines;
    signal?.throwIfAborted();
    if (unsaid) throw unsaid.reason;
    return { exitCode, stdout, stderr, why: ended.shortMessage ?? 'it was ended', cause: ended };
  } finally {
    clearTimeout(killing);
    signal?.removeEventListener('abort', end);
  }
}

/** A program that ends without having read it all says so by how it ends. */
async function feed(stdin: Writable | null, input: AsyncIterable<string>): Promise<void> {
  for await (const text of input) stdin?.write(text);
  stdin?.end();
}

async function follow(child: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  for await (const line of child) onLine(line);
}

/** Kills whatever has the mark in its environment: also what has left the group, and what has outlived its parent. */
async function killMarked(mark: string): Promise<void> {
  for (const pid of await readdir('/proc'))
    if (/^\d+$/.test(pid) && (await environmentOf(pid)).includes(mark)) signalProcess(Number(pid), 'SIGKILL');
}

async function environmentOf(pid: string): Promise<string> {
  // It has ended meanwhile, or is somebody else's.
  return readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid !== undefined) signalProcess(-pid, name);
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // ESRCH: it has ended in the meantime, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
