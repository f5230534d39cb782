import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { resolveExactly, resolveRelease, verifyRelease } from '../../src/adapters/release-directory.js';
import { environmentOf, parseConfig, type EnvironmentConfig } from '../../src/config/load.js';
import { changed, GOOD } from '../config/fixture.js';

const made: string[] = [];
let root: string;
let environment: EnvironmentConfig;

function configured(text = GOOD): EnvironmentConfig {
  return environmentOf(parseConfig(join(root, 'safeguard.yaml'), text), 'production');
}

const FILES: Readonly<Record<string, string>> = {
  'backend.tar.gz': 'backend bytes',
  'frontend.tar.gz': 'frontend bytes',
  'migrations/V1__init.sql': 'create table a();',
  'migrations/V2_1__fees.sql': 'create table c();',
  'migrations/V2__more.sql': 'create table b();',
  'migrations/V10__last.sql': 'create table d();',
};

function sum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(root, 'releases', '1.0.0', name), text);
}

/** Writes SHA256SUMS and release.json over the files. */
async function describeFiles(
  files: Readonly<Record<string, string>>,
  schema = { target: '10', tolerates: { min: '1', max: '10' } },
) {
  const lines = Object.entries(files).map(([name, text]) => `${sum(text)}  ${name}\n`);
  await write('SHA256SUMS', lines.join(''));
  await write('release.json', JSON.stringify({ version: '1.0.0', commit: 'abcdef0', schema }));
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'releases-'));
  made.push(root);
  await mkdir(join(root, 'releases', '1.0.0', 'migrations'), { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await write(name, text);
  await describeFiles(FILES);
  environment = configured();
});
afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

/** The code and message that something is refused with. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => ({ code: 'nothing', message: '' }),
    (reason: unknown) => reason as { code: string; message: string },
  );
  return `${error.code}: ${error.message}`;
}

describe('a release', () => {
  test('is read with its parts, its checks, and its migrations in Flyway’s order', async () => {
    const { release, manifest } = await resolveRelease(environment, '1.0.0');
    expect(release).toMatchObject({
      version: '1.0.0',
      gitSha: 'abcdef0',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    expect(release.components.map(({ name }) => name)).toEqual(['backend', 'frontend']);
    expect(manifest.schema?.migrations.map(({ file }) => file)).toEqual([
      'V1__init.sql',
      'V2__more.sql',
      'V2_1__fees.sql',
      'V10__last.sql',
    ]);
    expect(new Set(release.checks.map(({ name }) => name)).size).toBe(release.checks.length);
  });

  test('is the same one when nothing has changed, and sound', async () => {
    const first = await resolveRelease(environment, '1.0.0');
    const second = await resolveExactly(configured(), first.release);
    expect(second.release).toEqual(first.release);
    await verifyRelease(environment, second);
  });

  test('is another one when a file or a setting is another', async () => {
    const { release } = await resolveRelease(environment, '1.0.0');
    const setting = configured(changed('    port: 8080', '    port: 8090'));
    expect(await refusal(resolveExactly(setting, release))).toMatch(
      /^RELEASE_CHANGED: Release 1\.0\.0 is now/,
    );
    await write('backend.tar.gz', 'other bytes');
    await describeFiles({ ...FILES, 'backend.tar.gz': 'other bytes' });
    expect(await refusal(resolveExactly(environment, release))).toMatch(/^RELEASE_CHANGED/);
  });
});

describe('refused', () => {
  test.each(['../1.0.0', '1.0.0/..', '$(id)', ''])(
    'a version %j, before it reaches a path',
    async (version) =>
      expect(await refusal(resolveRelease(environment, version))).toMatch(/^VERSION_INVALID/),
  );

  test('a release that is not there', async () => {
    expect(await refusal(resolveRelease(environment, '9.9.9'))).toMatch(
      /^RELEASE_NOT_FOUND: .*9\.9\.9\/release\.json/,
    );
  });

  test('a description of another release, or none', async () => {
    await write('release.json', '{"version":"2.0.0"}');
    expect(await refusal(resolveRelease(environment, '1.0.0'))).toMatch(
      /^RELEASE_INVALID: .*it is release 2\.0\.0/,
    );
    await write('release.json', 'oops');
    expect(await refusal(resolveRelease(environment, '1.0.0'))).toMatch(/^RELEASE_INVALID/);
  });

  test('an artifact without a checksum', async () => {
    const others = Object.fromEntries(Object.entries(FILES).filter(([name]) => name !== 'backend.tar.gz'));
    await describeFiles(others);
    expect(await refusal(resolveRelease(environment, '1.0.0'))).toMatch(
      /^RELEASE_NOT_FOUND: .*backend\.tar\.gz/,
    );
  });

  test.each([
    'oops',
    `${'a'.repeat(64)}  ../etc/passwd`,
    `${'a'.repeat(64)}  /etc/passwd`,
    `${'a'.repeat(64)}  a/../../b`,
  ])('a checksum line %j', async (line) => {
    await write('SHA256SUMS', `${line}\n`);
    expect(await refusal(resolveRelease(environment, '1.0.0'))).toMatch(
      /^RELEASE_INVALID: .*SHA256SUMS:1 is not a line/,
    );
  });

  test.each(['backend.tar.gz', 'migrations/V2__more.sql'])('an altered %s', async (name) => {
    await write(name, 'altered');
    const resolved = await resolveRelease(environment, '1.0.0');
    expect(await refusal(verifyRelease(environment, resolved))).toMatch(
      new RegExp(`^RELEASE_INVALID: .*${name.replace('/', '\\/')} has SHA-256`),
    );
  });

  test('a file that its checksum has, but the directory has not', async () => {
    await rm(join(root, 'releases', '1.0.0', 'migrations', 'V2__more.sql'));
    const resolved = await resolveRelease(environment, '1.0.0');
    expect(await refusal(verifyRelease(environment, resolved))).toMatch(/^RELEASE_(INVALID|NOT_FOUND)/);
  });
});
