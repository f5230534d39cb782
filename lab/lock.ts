import { execa } from 'execa';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { LABS_DIRECTORY } from './layout.js';

/**
 * Runs `work` while no other process works on the same lab. The kernel holds the lock (flock), so it ends with
 * its owner; the empty lock file stays, because removing it would let two waiters hold different files.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const directory = join(LABS_DIRECTORY, '.locks');
  await mkdir(directory, { recursive: true });
  const holder = execa('flock', [join(directory, name), 'sh', '-c', 'echo held && exec cat >/dev/null'], {
    reject: false,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', () => reject(new LabError(`Could not lock the lab ${name}`)));
    });
    return await work();
  } finally {
    holder.stdin.end();
    await holder;
  }
}
