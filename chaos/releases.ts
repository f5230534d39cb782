import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { buildRelease, type ReleaseOptions } from '../examples/campus/build.js';
import type { BuiltRelease } from './checker/types.js';
import type { BadRelease } from './draw-types.js';

/** What serves when a run begins. */
export const FIRST = '1.0.0';
/** A good release with a migration, and another one after it. */
export const GOOD = '2.0.0';
export const NEXT = '2.1.0';
/** One whose only new migration fails in the middle; it leads to a schema that the first release tolerates, or it would be refused. */
export const FAILING = '1.0.1';
/** Releases that never get through. */
export const BAD: Readonly<Record<BadRelease, string>> = {
  'wrong-version': '2.0.1',
  'never-healthy': '2.0.2',
};

const RELEASES: readonly Omit<ReleaseOptions, 'into' | 'backend'>[] = [
  { version: FIRST },
  { version: GOOD },
  { version: NEXT },
  { version: BAD['wrong-version'], misbehave: 'wrong-version' },
  { version: BAD['never-healthy'], misbehave: 'never-healthy' },
  { version: FAILING, misbehave: 'failing-migration' },
];

/** SHA-256 of every file of an archive, by its path inside. */
async function sumsOf(archive: string): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'safeguard-chaos-'));
  try {
    await execa('tar', ['-xzf', archive, '-C', directory]);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const sums = files.map(async (file) => {
      const sum = createHash('sha256').update(await readFile(file));
      return [relative(directory, file), sum.digest('hex')] as const;
    });
    return Object.fromEntries(await Promise.all(sums));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function describe(release: string, version: string): Promise<BuiltRelease> {
  const text = await readFile(join(release, 'release.json'), 'utf8');
  const { schema } = JSON.parse(text) as { schema: { tolerates: BuiltRelease['schema'] } };
  return {
    version,
    backend: await sumsOf(join(release, 'backend.tar.gz')),
    frontend: await sumsOf(join(release, 'frontend.tar.gz')),
    schema: schema.tolerates,
  };
}

/** Builds every release that runs deploy into `<into>/<version>/`, once for all of them. */
export async function buildReleases(into: string): Promise<void> {
  for (const release of RELEASES) await buildRelease({ into, backend: 'python', ...release });
}

/** What `buildReleases` made, known by its bytes. */
export async function builtReleases(into: string): Promise<BuiltRelease[]> {
  return Promise.all(RELEASES.map(({ version }) => describe(join(into, version), version)));
}
