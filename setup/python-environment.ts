import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from './apt.js';
import { cacheDirectory, cached } from './cache.js';
import { say } from './say.js';

// The distribution's own first: one from elsewhere may be a shim that depends on the caller's surroundings.
const PYTHONS = [
  '/usr/bin/python3',
  '/usr/bin/python3.13',
  '/usr/bin/python3.12',
  '/usr/bin/python3.11',
  'python3',
];
// Prints the version when it can make virtual environments and is one that ansible-core 2.19 runs on.
const PROBE =
  'import sys, venv, ensurepip; v = sys.version_info; assert (3, 11) <= v < (3, 14); print("%d.%d" % v[:2])';

interface Python {
  readonly path: string;
  readonly version: string;
}

async function findPython(): Promise<Python | undefined> {
  for (const path of PYTHONS) {
    const { exitCode, stdout } = await execa(path, ['-c', PROBE], { reject: false });
    if (exitCode === 0) return { path, version: stdout };
  }
  return undefined;
}

async function requirePython(): Promise<Python> {
  const present = await findPython();
  if (present) return present;
  await ensurePackages(['python3', 'python3-venv']);
  const installed = await findPython();
  if (installed) return installed;
  throw new Error('Ansible needs Python 3.11 to 3.13 with venv; install one, then run this again');
}

/** The environment is built in a scratch directory and renamed: its scripts must name the place where it ends up. */
async function relocate(from: string, to: string): Promise<void> {
  const bin = join(from, 'bin');
  const entries = await readdir(bin, { withFileTypes: true });
  for (const entry of entries.filter((item) => item.isFile())) {
    const text = await readFile(join(bin, entry.name), 'utf8');
    if (text.includes(from)) await writeFile(join(bin, entry.name), text.replaceAll(from, to));
  }
}

/**
 * A Python virtual environment with the given packages (`name==version`, all pinned), built once and kept in the cache as
 * `<name>-<version>-python<x.y>`: the directory that has `bin/`. Throws when this machine has no Python that fits.
 */
export async function pythonEnvironment(
  name: string,
  version: string,
  packages: readonly string[],
): Promise<string> {
  const python = await requirePython();
  const key = `${version}-python${python.version}`;
  return cached(name, key, async (scratch) => {
    say(`installing ${packages.join(' and ')} into a virtual environment, once`);
    await execa(python.path, ['-m', 'venv', scratch]);
    await execa(join(scratch, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
    await relocate(scratch, join(cacheDirectory(), `${name}-${key}`));
  });
}
