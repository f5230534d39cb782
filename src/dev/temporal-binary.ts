import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cached } from '../../setup/cache.js';
import { say } from '../../setup/say.js';
import { SafeguardError } from '../domain/errors.js';
import { findProgram } from '../adapters/find-program.js';
import { buildTemporal } from './temporal-build.js';
import { downloadTemporal } from './temporal-download.js';
import { TEMPORAL_CLI_VERSION } from './temporal-version.js';

const CACHE_NAME = 'temporal-cli';
const CACHE_KEY = `${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`;

/** A Temporal CLI that was seen to run. */
export interface TemporalBinary {
  /** Absolute path. */
  readonly path: string;
  /** What `temporal --version` prints. */
  readonly version: string;
  readonly source: 'path' | 'cache' | 'download' | 'build';
}

/** One way to have the CLI made at `<directory>/temporal`; the directory is empty. */
export interface TemporalMaker {
  readonly source: 'download' | 'build';
  readonly make: (directory: string) => Promise<void>;
}

/** In the order they are tried: the download is a minute faster, the build needs no site but the Go module proxy. */
export const TEMPORAL_MAKERS: readonly TemporalMaker[] = [
  { source: 'download', make: (directory) => downloadTemporal(directory, TEMPORAL_CLI_VERSION) },
  { source: 'build', make: buildTemporal },
];

async function version(path: string): Promise<string> {
  const { stdout } = await execa(path, ['--version'], { timeout: 10_000 });
  return stdout.trim();
}

async function onPath(searchPath?: string): Promise<TemporalBinary | undefined> {
  const path = await findProgram('temporal', [], searchPath);
  if (path === undefined) return undefined;
  try {
    return { path, version: await version(path), source: 'path' };
  } catch (error) {
    say(`${path} does not run, looking further: ${message(error)}`);
    return undefined;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function makeWithFirst(
  makers: readonly TemporalMaker[],
  directory: string,
): Promise<TemporalMaker['source']> {
  const failures: unknown[] = [];
  for (const { source, make } of makers) {
    const scratch = join(directory, source);
    await mkdir(scratch);
    try {
      await make(scratch);
      await rename(join(scratch, 'temporal'), join(directory, 'temporal'));
      // Something cut short must not be kept.
      await version(join(directory, 'temporal'));
      return source;
    } catch (error) {
      failures.push(error);
      say(`Temporal CLI: ${source} failed: ${message(error)}`);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  const last = message(failures.at(-1));
  throw new SafeguardError('TEMPORAL_NOT_FOUND', `There is no Temporal CLI and none could be made. ${last}`, {
    cause: new AggregateError(failures, 'every way to have the Temporal CLI failed'),
  });
}

/**
 * Finds a Temporal CLI that runs: on the PATH, in our cache, by the SDK's download, by a build from its Go module;
 * what was made is kept in the cache. Throws TEMPORAL_NOT_FOUND (cause: one error for each way).
 */
export async function findTemporal(
  options: { readonly searchPath?: string; readonly makers?: readonly TemporalMaker[] } = {},
): Promise<TemporalBinary> {
  const installed = await onPath(options.searchPath);
  if (installed) return installed;
  let source: TemporalBinary['source'] = 'cache';
  const directory = await cached(CACHE_NAME, CACHE_KEY, async (scratch) => {
    source = await makeWithFirst(options.makers ?? TEMPORAL_MAKERS, scratch);
  });
  const path = join(directory, 'temporal');
  return { path, version: await version(path), source };
}
