import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from './system-error.js';

/** A process by id and start, so that another one which got the same id later is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start in clock ticks since boot; empty where there is no /proc. */
  readonly started: string;
}

async function startOf(pid: number): Promise<string> {
  // No such file: no such process, or no /proc; both have no start.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold blanks; state is the first field after it, the start the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}

/** The identity of a process that runs now. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  return { pid, started: await startOf(pid) };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return isSystemError(error, 'EPERM');
  }
}

/** Whether exactly that process still runs. */
export async function isAlive({ pid, started }: ProcessIdentity): Promise<boolean> {
  return exists(pid) && (await startOf(pid)) === started;
}

/** Ends exactly that process: SIGTERM, and SIGKILL when it is still there after `graceMs`. Waits until it is gone. */
export async function end(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  if (await isAlive(identity)) process.kill(identity.pid, 'SIGTERM');
  while (await isAlive(identity)) {
    if (Date.now() > deadline) process.kill(identity.pid, 'SIGKILL');
    await delay(50);
  }
}
