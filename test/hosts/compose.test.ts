import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pack, writeSums } from '../../examples/campus/archive.js';
import { manifestDigest, type ResolvedRelease } from '../../src/adapters/release-directory.js';
import { composeManifest } from '../../src/domain/compose.js';
import type { Manifest } from '../../src/domain/manifest.js';
import { until } from './campus-lab.js';
import { HostCaller } from './host-caller.js';

const HOST = 'web-1';
const RELEASES = '/opt/campus-production/releases';
const SIZE = 64 * 1024 * 1024;

let caller: HostCaller;
let one: ResolvedRelease;
let two: ResolvedRelease;
let big: ResolvedRelease;

/** A release whose backend takes a moment to copy. */
async function buildBig(version: string): Promise<ResolvedRelease> {
  await caller.build(version);
  const directory = join(caller.directory, 'releases', version);
  const files = join(caller.directory, 'big');
  await mkdir(files);
  await execa('tar', ['-xzf', join(directory, 'backend.tar.gz'), '-C', files]);
  await execa('touch', [join(files, 'big.bin')]);
  await truncate(join(files, 'big.bin'), SIZE);
  await pack(files, join(directory, 'backend.tar.gz'));
  await writeSums(directory);
  return caller.resolve(version);
}

function sources(backend: ResolvedRelease, frontend: ResolvedRelease): Record<string, string> {
  return { backend: backend.release.digest, frontend: frontend.release.digest };
}

/** The second release with the backend of another one. */
function withBackend({ manifest }: ResolvedRelease): Manifest {
  return composeManifest(two.manifest, manifest, ['backend']);
}

async function ask(url: string): Promise<string> {
  return (await caller.on(HOST, ['curl', '-s', '-m', '5', url])).trim();
}

async function staged(manifest: Manifest): Promise<string[]> {
  const argv = ['find', `${RELEASES}/${manifestDigest(manifest)}`, '-maxdepth', '1', '-name', '.*.files'];
  return (await caller.lab.run(HOST, argv)).stdout.split('\n').filter((line) => line !== '');
}

async function scratch(): Promise<string[]> {
  return (await caller.on(HOST, ['find', RELEASES, '-maxdepth', '1', '-name', '.staging-*']))
    .split('\n')
    .filter((line) => line !== '');
}

beforeAll(async () => {
  caller = await HostCaller.open(randomBytes(12).toString('hex'));
  one = await caller.build('1.0.0');
  two = await caller.build('2.0.0');
  big = await buildBig('1.5.0');
  for (const release of [one, two, big]) await caller.stage(HOST, release);
  await caller.restore(HOST, two.release.digest);
}, 120_000);
afterAll(async () => {
  await caller.close();
}, 60_000);

test('backend 1 with frontend 2 is made of what lies there, and serves', async () => {
  const manifest = withBackend(one);
  expect(manifest.version).toBe('2.0.0+backend.1.0.0');
  const begun = performance.now();
  expect(await caller.compose(HOST, manifest, sources(one, two))).toEqual({ changed: true });
  console.log(`compose took ${Math.round(performance.now() - begun)} ms`);
  expect(await caller.compose(HOST, manifest, sources(one, two))).toEqual({ changed: false });
  expect(await staged(manifest)).toHaveLength(2);
  expect(await scratch()).toEqual([]);

  const digest = manifestDigest(manifest);
  await caller.restore(HOST, digest);
  const info = await until('the backend answers', async () => {
    const { exitCode, stdout } = await caller.lab.run(HOST, [
      'curl',
      '-s',
      'http://127.0.0.1:8080/actuator/info',
    ]);
    return exitCode === 0 && stdout;
  });
  expect(info).toContain('"1.0.0"');
  expect(await ask('http://127.0.0.1/version.txt')).toBe('2.0.0');
  expect(await caller.on(HOST, ['curl', '-sI', 'http://127.0.0.1/version.txt'])).toContain(digest);
  const env = ['stat', '-c', '%a %U', `${RELEASES}/${digest}/.backend.env`];
  expect((await caller.on(HOST, env)).trim()).toBe('600 root');
}, 60_000);

test('a killed one leaves nothing that counts as staged, and the next one cleans up', async () => {
  const manifest = withBackend(big);
  // Once the big file is being copied; the scratch directory's name has the process in it.
  const kill = `while :; do for found in ${RELEASES}/.staging-*; do [ -s "$found/backend/files/big.bin" ] || continue
    pid=\${found##*/.staging-}; kill -9 "\${pid%%-*}"; exit; done; done`;
  const killed = caller.on(HOST, ['timeout', '30', 'sh', '-c', kill]);
  await expect(caller.compose(HOST, manifest, sources(big, two))).rejects.toThrow();
  await killed;
  expect(await staged(manifest)).toEqual([]);
  expect(await scratch()).toHaveLength(1);
  await expect(caller.restore(HOST, manifestDigest(manifest))).rejects.toMatchObject({
    hostCode: 'NOT_STAGED',
  });

  expect(await caller.compose(HOST, manifest, sources(big, two))).toEqual({ changed: true });
  expect(await staged(manifest)).toHaveLength(2);
  expect(await scratch()).toEqual([]);
}, 60_000);

test('a full disk leaves nothing', async () => {
  const manifest = composeManifest(one.manifest, big.manifest, ['backend']);
  await caller.lab.fault(HOST, 'disk-full');
  try {
    await expect(caller.compose(HOST, manifest, sources(big, one))).rejects.toMatchObject({
      hostCode: 'DISK_FULL',
    });
  } finally {
    await caller.lab.fault(HOST, 'disk-free');
  }
  expect(await staged(manifest)).toEqual([]);
  expect(await scratch()).toEqual([]);
}, 60_000);

test('an altered source is refused', async () => {
  const manifest = composeManifest(one.manifest, two.manifest, ['backend']);
  const file = `${RELEASES}/${two.release.digest}/backend/campus.py`;
  await caller.on(HOST, ['tee', '-a', file], '# altered\n');
  await expect(caller.compose(HOST, manifest, sources(two, one))).rejects.toMatchObject({
    hostCode: 'CHECKSUM_MISMATCH',
  });
  expect(await staged(manifest)).toEqual([]);
}, 60_000);
