import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findTemporal, type TemporalMaker } from '../../src/dev/temporal-binary.js';

let home: string;
const cacheBefore = process.env['SAFEGUARD_CACHE'];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'safeguard-'));
  process.env['SAFEGUARD_CACHE'] = join(home, 'cache');
});

afterEach(async () => {
  if (cacheBefore === undefined) delete process.env['SAFEGUARD_CACHE'];
  else process.env['SAFEGUARD_CACHE'] = cacheBefore;
  await rm(home, { recursive: true });
});

async function program(directory: string, script: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'temporal'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'temporal'), 0o755);
}

const works = (source: TemporalMaker['source']): TemporalMaker => ({
  source,
  make: (directory) => program(directory, `echo made by ${source}`),
});

const fails = (source: TemporalMaker['source'], why: string): TemporalMaker => ({
  source,
  make: () => Promise.reject(new Error(why)),
});

test('the CLI on the PATH comes first', async () => {
  const searchPath = join(home, 'bin');
  await program(searchPath, 'echo temporal version 9.9.9');
  const found = await findTemporal({ searchPath, makers: [fails('build', 'must not be asked')] });
  expect(found).toEqual({
    path: join(searchPath, 'temporal'),
    version: 'temporal version 9.9.9',
    source: 'path',
  });
});

test('one on the PATH that does not run is passed over; what was downloaded is cached', async () => {
  const searchPath = join(home, 'bin');
  await program(searchPath, 'exit 1');
  const makers = [works('download'), fails('build', 'must not be asked')];
  expect(await findTemporal({ searchPath, makers })).toMatchObject({
    source: 'download',
    version: 'made by download',
  });
  expect(await findTemporal({ searchPath, makers: [] })).toMatchObject({
    source: 'cache',
    version: 'made by download',
  });
});

test('the build comes after a download that failed', async () => {
  const makers = [fails('download', 'no way out'), works('build')];
  expect(await findTemporal({ searchPath: '', makers })).toMatchObject({ source: 'build' });
});

test('a download that does not run is not kept', async () => {
  const broken: TemporalMaker = {
    source: 'download',
    make: (directory) => program(directory, 'exit 1'),
  };
  expect(await findTemporal({ searchPath: '', makers: [broken, works('build')] })).toMatchObject({
    source: 'build',
  });
});

test('nothing works: the error says so, with every reason as its cause', async () => {
  const makers = [fails('download', 'no way out'), fails('build', 'Go is not installed')];
  const error: unknown = await findTemporal({ searchPath: '', makers }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'TEMPORAL_NOT_FOUND',
    cause: { errors: [{ message: 'no way out' }, { message: 'Go is not installed' }] },
  });
});

test('the pinned version is the one the Go module names', async () => {
  const { TEMPORAL_CLI_VERSION } = await import('../../src/dev/temporal-version.js');
  const module = await readFile(join(import.meta.dirname, '../../setup/temporal-cli/go.mod'), 'utf8');
  expect(module).toContain(`github.com/temporalio/cli v${TEMPORAL_CLI_VERSION}`);
});
