import type { ReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
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
 * Runs a program as the leader of a process group. When the signal aborts, it is asked to end, then killed with all that it has
 * started, in whatever group; answers only when it has ended.
 * @throws the signal's reason
 */
export async function runInGroup(command: Command, signal: AbortSignal | undefined): Promise<Ended> {
  signal?.throwIfAborted();
  const { program, args, env, cwd, lent, onLine } = command;
  const child = execa(program, args, {
    env,
    extendEnv: false,
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(lent ? [lent] : [])],
    reject: false,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const lines = onLine === undefined ? null : follow(child, onLine);
  let killing: NodeJS.Timeout | undefined;
  let killed: Promise<void> = Promise.resolve();
  const end = (): void => {
    signalGroup(child.pid, 'SIGTERM');
    killing = setTimeout(() => {
      killed = killTree(child.pid);
    }, KILL_AFTER_MS);
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    const ended = await child;
    await Promise.all([lines, killed]);
    signal?.throwIfAborted();
    const { exitCode, stdout, stderr } = ended;
    return { exitCode, stdout, stderr, why: ended.shortMessage ?? 'it was ended', cause: ended };
  } finally {
    clearTimeout(killing);
    signal?.removeEventListener('abort', end);
  }
}

async function follow(child: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  for await (const line of child) onLine(line);
}

/** Kills the group, and every descendant that has made a group of its own. */
async function killTree(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const all = await descendants(pid);
  signalGroup(pid, 'SIGKILL');
  for (const one of all) signalProcess(one, 'SIGKILL');
}

async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const parent = /^\d+$/.test(name) ? await parentOf(name) : null;
    if (parent !== null) parents.set(Number(name), parent);
  }
  const childrenOf = (parent: number): number[] =>
    [...parents].flatMap(([one, its]) => (its === parent ? [one, ...childrenOf(one)] : []));
  return childrenOf(pid);
}

/** The fourth word of `/proc/<pid>/stat`, behind a name that may hold anything. */
async function parentOf(pid: string): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It has ended meanwhile.
    return null;
  }
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
