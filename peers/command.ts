import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** One deployment that is under way, and can be killed. */
export interface Controller {
  /** SIGKILL to everything that carries it out on this machine; returns when that is gone. */
  kill(): Promise<void>;
  /** How it ended by itself: its exit status, or its outcome. Rejects when it was killed. */
  readonly end: Promise<string>;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it says goes there. */
  readonly log: string;
}

/** Starts a command line in a process group of its own, so that all of it can be killed at once. */
export function begin(argv: readonly string[], { cwd, env, log }: CommandOptions): Controller {
  const [file = '', ...args] = argv;
  const output = openSync(log, 'a');
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const end = exited.then(([code, signal]) => {
    if (code === null) throw new Error(`${file} was ended by ${String(signal)}`);
    return `exit status ${code}`;
  });
  // Whoever kills it does not wait for its end.
  end.catch(() => undefined);
  const kill = async (): Promise<void> => {
    if (child.pid === undefined) throw new Error(`${file} was never started`);
    process.kill(-child.pid, 'SIGKILL');
    await exited;
  };
  return { kill, end };
}
