import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { execute, must } from '../../lab/execute.js';
import { resolveRelease } from '../../src/adapters/release-directory.js';
import { environmentOf, loadConfig } from '../../src/config/load.js';
import { CampusLab, ended, until, type Ended } from './campus-lab.js';

const AE = 'campus-production';
const FULL_HOST = 'web-1';

let campus: CampusLab;
let versions = 0;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  await campus.lab.fault(FULL_HOST, 'disk-free');
  await campus.lab.fault('db-1', 'disk-free');
}, 30_000);
afterAll(() => campus.close(), 60_000);

function onDisk(path: string): string {
  return join(campus.lab.directory, 'hosts', FULL_HOST, 'root', path);
}

async function digestOf(version: string): Promise<string> {
  const environment = environmentOf(loadConfig(campus.configFile), 'production');
  return (await resolveRelease(environment, version)).release.digest;
}

/** The host that is to run out of room has all of the release, and has begun to activate nothing of it. */
async function untilStaged(digest: string): Promise<void> {
  const lists = ['backend', 'frontend'].map((name) => onDisk(`opt/${AE}/releases/${digest}/.${name}.files`));
  await until('the release is staged', async () => Promise.resolve(lists.every((file) => existsSync(file))));
}

/** The host that is to run out of room has activated the last component. */
async function untilActivated(digest: string): Promise<void> {
  const site = onDisk(`etc/nginx/conf.d/${AE}.conf`);
  await until('the site is that of the release', async () =>
    Promise.resolve(readFileSync(site, 'utf8').includes(digest)),
  );
}

/** A host without free room, and without the ballast that it would give up first. */
async function fillToTheLastByte(): Promise<void> {
  await rm(onDisk(`var/lib/safeguard/${AE}/ballast`), { force: true });
  await campus.lab.fault(FULL_HOST, 'disk-full');
}

/** Every host serves one release, the one that the run, its message and its record say. */
async function expectTruth(version: string, before: string, end: Ended): Promise<void> {
  // Unhealthy after the way back only because the health checks look at the disk, which is full.
  expect(`${String(end.outcome)}: ${end.message}`).toMatch(
    /^(SUCCEEDED|ROLLED_BACK|ROLLED_BACK_UNHEALTHY: .*disk on web-1)/s,
  );
  const serves = end.outcome === 'SUCCEEDED' ? version : before;
  expect(await campus.servedEverywhere()).toBe(serves);
  expect(end.result?.serving).toBe(serves);
  const record = (await campus.records()).find((one) => one.version === version);
  expect(record).toMatchObject({ outcome: end.outcome, message: end.message });
}

function newVersion(major: number): string {
  versions += 1;
  return `${major}.1.${versions}`;
}

test('a host whose disk is full before stage: refused, nothing is changed, and the sentence names the host and its disk', async () => {
  const version = newVersion(1);
  await campus.release(version);
  await campus.lab.fault(FULL_HOST, 'disk-full');
  const end = await campus.deploy(version);

  expect(end).toMatchObject({ status: 'FAILED', outcome: 'REFUSED', result: { serving: '1.0.0' } });
  expect(end.message).toMatch(/web-1.*disk.*full/s);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const record = (await campus.records()).find((one) => one.version === version);
  expect(record).toMatchObject({ outcome: 'REFUSED', failure: { host: FULL_HOST, step: 'stage' } });
}, 120_000);

describe.each([
  ['with ballast', (): Promise<void> => campus.lab.fault(FULL_HOST, 'disk-full')],
  ['with its ballast spent', fillToTheLastByte],
])('a host whose disk is full, %s: every host ends on one release', (_, fill) => {
  let before: string;

  async function deployWhile(
    version: string,
    moment: (run: WorkflowHandle, digest: string) => Promise<void>,
  ): Promise<void> {
    before = await campus.servedEverywhere();
    const run = await campus.start(version);
    await moment(run, await digestOf(version));
    await expectTruth(version, before, await ended(run));
  }

  test('just before activate', async () => {
    const version = newVersion(1);
    await campus.release(version);
    await deployWhile(version, async (_run, digest) => {
      await untilStaged(digest);
      await fill();
    });
  }, 180_000);

  test('just before migrate', async () => {
    const version = newVersion(
      Number(await campus.sql('select max(version) from flyway_schema_history')) + 1,
    );
    await campus.release(version);
    await deployWhile(version, async (_run, digest) => {
      await untilActivated(digest);
      await fill();
    });
  }, 180_000);

  test('just before commit', async () => {
    const version = newVersion(2);
    await campus.release(version);
    await deployWhile(version, async (run) => {
      // The health checks look at disks too: after them.
      await campus.untilStep(run, 'read back');
      await fill();
    });
  }, 180_000);

  test('on the way back', async () => {
    const version = newVersion(2);
    await campus.release(version, { misbehave: 'wrong-version' });
    await deployWhile(version, async (_run, digest) => {
      await untilActivated(digest);
      await fill();
    });
    expect(await campus.servedEverywhere()).toBe(before);
  }, 180_000);

  test('and once there is room the next deployment goes through', async () => {
    const version = newVersion(2);
    await campus.release(version);
    expect(await campus.deploy(version)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(await campus.servedEverywhere()).toBe(version);
  }, 120_000);
});

describe("the runner's disk is full", () => {
  let records: string;
  let filler: string;

  beforeAll(async () => {
    records = join(campus.directory, 'records');
    filler = join(records, 'filler');
    // The trail may still be written.
    await rm(records, { recursive: true, maxRetries: 10 });
    await mkdir(records);
    await must(['mount', '-t', 'tmpfs', '-o', 'size=80m', 'records', records]);
  });
  afterAll(async () => {
    // Who looked at the records last may not have let go of them yet.
    await until('nobody uses the records', async () => (await execute(['umount', records])).exitCode === 0);
  });

  async function fillRunner(): Promise<void> {
    const { bavail, bsize } = await statfs(records);
    await writeFile(filler, Buffer.alloc(bavail * bsize));
  }

  test('before the run: it changes nothing without evidence, and ends with its record once there is room', async () => {
    const before = await campus.servedEverywhere();
    const version = newVersion(2);
    await campus.release(version);
    await fillRunner();
    const run = await campus.start(version);
    await until('the run has decided', async () => (await campus.progress(run)).phase === 'ended');
    expect(await campus.records()).toEqual([]);
    expect((await run.describe()).status.name).toBe('RUNNING');
    await rm(filler);

    const end = await ended(run);
    expect(end).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
    expect(end.message).toMatch(/^validate: 0 MiB are free below .*records$/);
    expect(await campus.servedEverywhere()).toBe(before);
    expect(await campus.records()).toMatchObject([{ version, outcome: 'REFUSED' }]);
  }, 120_000);

  test('on the way: every host is brought back without it, and the record is there once there is room', async () => {
    const before = await campus.servedEverywhere();
    const version = newVersion(2);
    await campus.release(version, { misbehave: 'wrong-version' });
    const run = await campus.start(version);
    await untilActivated(await digestOf(version));
    await fillRunner();
    await until('the run has decided', async () => (await campus.progress(run)).phase === 'ended');
    expect(await campus.servedEverywhere()).toBe(before);
    expect((await run.describe()).status.name).toBe('RUNNING');
    await rm(filler);

    const end = await ended(run);
    expect(end).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
    const kept = (await campus.records()).filter((one) => one.version === version);
    expect(kept).toMatchObject([{ outcome: 'ROLLED_BACK', message: end.message }]);
    expect((await campus.incidents()).filter((one) => one.failedVersion === version)).toHaveLength(1);
  }, 120_000);
});
