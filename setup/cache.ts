import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './say.js';

/** Where heavy builds live: outside the repository, shared by all checkouts. `SAFEGUARD_CACHE` overrides it. */
export function cacheDirectory(): string {
  return process.env['SAFEGUARD_CACHE'] ?? join(homedir(), '.cache', 'safeguard');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function ownerAlive(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, 'utf8').catch(() => ''));
  // An empty file belongs to an owner that is just writing its id.
  return pid === 0 || exists(`/proc/${String(pid)}`);
}

async function acquire(lock: string, name: string): Promise<void> {
  for (let told = false; ; told = true) {
    const file = await open(lock, 'wx').catch(() => undefined);
    if (file) {
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    }
    if (!(await ownerAlive(lock))) await rm(lock, { force: true });
    else {
      if (!told) say(`waiting for another process that builds ${name}`);
      await delay(200);
    }
  }
}

/**
 * Builds something once and keeps it: returns the directory `<cache>/<name>-<key>`, calling `build` with a
 * scratch directory first when it is not there yet. The scratch directory is renamed into place only after
 * `build` resolved, so a build that was killed leaves nothing that looks whole. Processes wait for each other.
 */
export async function cached(
  name: string,
  key: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const root = cacheDirectory();
  const target = join(root, `${name}-${key}`);
  if (await exists(target)) return target;
  await mkdir(root, { recursive: true });
  const lock = `${target}.lock`;
  await acquire(lock, name);
  try {
    if (await exists(target)) return target;
    const scratch = join(root, `.${name}-${randomUUID()}`);
    await mkdir(scratch);
    try {
      await build(scratch);
      await rename(scratch, target);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    return target;
  } finally {
    await rm(lock, { force: true });
  }
}
