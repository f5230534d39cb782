import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunRecord } from '../../src/domain/run.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { inventory } from './inventory.js';
import { processes } from './photograph.js';
import { runCli, type CliEnd } from './run-cli.js';
import { WorkerProcess } from './worker-process.js';

const UNIT = 'campus-production-backend.service';
const SITE = '/etc/nginx/conf.d/campus-production.conf';

let campus: CampusLab;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  campus = await CampusLab.open({ readyTimeout: '5s' });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  for (const one of workers.splice(0)) await one.signal('SIGKILL');
}, 30_000);
afterAll(() => campus.close(), 60_000);

function deploy(version: string): Promise<CliEnd> {
  return runCli(campus, 'deploy', 'production', '--version', version, '--by', 'ada', '--follow');
}

async function recordsOf(version: string): Promise<RunRecord[]> {
  return (await campus.records())
    .filter((record) => record.version === version)
    .sort((a, b) => Date.parse(a.endedAt) - Date.parse(b.endedAt));
}

async function incidentTitles(version: string): Promise<string[]> {
  const incidents = await campus.incidents();
  return incidents.filter((one) => one.failedVersion === version).map(({ title }) => title);
}

async function worker(): Promise<WorkerProcess> {
  const started = await WorkerProcess.start(campus);
  workers.push(started);
  return started;
}

test('T065: a failed health check rolls back', async () => {
  await campus.release('1.1.0', { misbehave: 'wrong-version' });
  const end = await deploy('1.1.0');

  expect(end.last).toMatch(
    /^ROLLED_BACK: Rolled back: every host serves 1\.0\.0 \([0-9a-f]{8}\) again, and it is healthy\. Cause: .*"not-1\.1\.0"/,
  );
  expect(end.exitCode).toBe(3);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const [record] = await recordsOf('1.1.0');
  expect(`ROLLED_BACK: ${record?.message ?? ''}`).toBe(end.last);
  expect(record?.failure).toMatchObject({ code: 'UNHEALTHY' });
  const [answers = ''] = record?.diagnostics ?? [];
  expect(answers).toMatch(/\/failed-checks\.json$/);
  expect(await readFile(answers, 'utf8')).toMatch(/"body": ".*not-1\.1\.0/);
  expect(await incidentTitles('1.1.0')).toEqual(['[Production Rollback] 1.1.0 → 1.0.0']);
}, 120_000);

test('T066: one of three hosts fails its step, and all end on the release from before', async () => {
  await campus.release('1.2.0');
  const condition = `[Service]\\nExecStartPre=/bin/sh -c '! grep -q 1.2.0 version.txt'\\n`;
  const sabotage = `mkdir /etc/systemd/system/${UNIT}.d && printf "${condition}" > /etc/systemd/system/${UNIT}.d/test.conf`;
  await campus.lab.run('web-2', ['sh', '-ec', sabotage]);
  const end = await deploy('1.2.0');
  await campus.lab.run('web-2', ['rm', '-r', `/etc/systemd/system/${UNIT}.d`]);
  await campus.lab.run('web-2', ['systemctl', 'daemon-reload']);

  expect(end.last).toMatch(
    /^ROLLED_BACK: Rolled back: every host serves 1\.0\.0 \([0-9a-f]{8}\) again, and it is healthy\. Cause: backend on web-2: /,
  );
  expect(end.exitCode).toBe(3);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const [record] = await recordsOf('1.2.0');
  expect(record?.failure).toMatchObject({ step: 'backend', host: 'web-2' });
  expect(record?.readings).toEqual(
    campus.webHosts.map((host) => ({ host, state: 'serves', differences: [] })),
  );
  expect(await incidentTitles('1.2.0')).toEqual(['[Production Rollback] 1.2.0 → 1.0.0']);
}, 120_000);

test('T067: a retry after a rollback succeeds', async () => {
  const end = await deploy('1.2.0');

  expect(end.last).toMatch(/^SUCCEEDED: 1\.2\.0 \([0-9a-f]{8}\) serves on all 3 hosts\.$/);
  expect(end.exitCode).toBe(0);
  expect(await campus.servedEverywhere()).toBe('1.2.0');
  expect((await recordsOf('1.2.0')).map(({ outcome }) => outcome)).toEqual(['ROLLED_BACK', 'SUCCEEDED']);
  expect(await incidentTitles('1.2.0')).toHaveLength(1);
}, 120_000);

test('T067: so does the mended release of the same version', async () => {
  await campus.release('1.1.0');
  const end = await deploy('1.1.0');

  expect(end.last).toMatch(/^SUCCEEDED: 1\.1\.0 \([0-9a-f]{8}\) serves on all 3 hosts\.$/);
  expect(end.exitCode).toBe(0);
  expect(await campus.servedEverywhere()).toBe('1.1.0');
}, 120_000);

describe('idempotency', () => {
  test('the same version twice is a no-op', async () => {
    const before = await processes(campus);
    const end = await deploy('1.1.0');

    expect(end.last).toBe('NOOP: Every host serves 1.1.0 already.');
    expect(end.exitCode).toBe(0);
    expect(await processes(campus)).toEqual(before);
    expect((await recordsOf('1.1.0')).map(({ outcome }) => outcome)).toEqual([
      'ROLLED_BACK',
      'SUCCEEDED',
      'NOOP',
    ]);
  }, 60_000);

  test('deploy, rollback, redeploy ends where the first deployment did', async () => {
    const files = async (): Promise<string[]> =>
      Promise.all(
        campus.webHosts.map(
          async (host) =>
            (await campus.lab.run(host, ['sha256sum', `/etc/systemd/system/${UNIT}`, SITE])).stdout,
        ),
      );
    await campus.release('2.0.0');
    expect((await deploy('2.0.0')).exitCode).toBe(0);
    const first = await files();
    const back = await runCli(campus, 'rollback', 'production', '--reason', 'test', '--follow');
    expect(back.last).toMatch(
      /^ROLLED_BACK: Every host serves 1\.1\.0 \([0-9a-f]{8}\), and it is healthy\.$/,
    );
    expect(back.exitCode).toBe(0);
    expect(await campus.servedEverywhere()).toBe('1.1.0');

    expect((await deploy('2.0.0')).last).toMatch(/^SUCCEEDED: 2\.0\.0 /);
    expect(await campus.servedEverywhere()).toBe('2.0.0');
    expect(await files()).toEqual(first);
    expect((await runCli(campus, 'verify', 'production')).exitCode).toBe(0);
  }, 120_000);

  test('no residue: a failed deployment, a deployment and a rollback leave hosts as they were', async () => {
    await campus.release('2.1.0', { misbehave: 'wrong-version' });
    await campus.release('2.2.0');
    const cycle = async (): Promise<number[]> => {
      const codes = [(await deploy('2.1.0')).exitCode, (await deploy('2.2.0')).exitCode];
      const words = ['rollback', 'production', '--to', '2.0.0', '--reason', 'test', '--follow'];
      return [...codes, (await runCli(campus, ...words)).exitCode];
    };
    const look = async (): Promise<string[][]> => {
      await campus.stopWorker();
      const found = await Promise.all(campus.webHosts.map((host) => inventory(campus, host)));
      await campus.startWorker();
      return found;
    };
    expect(await cycle()).toEqual([3, 0, 0]);
    const before = await look();
    expect(await cycle()).toEqual([3, 0, 0]);

    expect(await look()).toEqual(before);
    const transient = before.flat().filter((line) => line.startsWith('unit safeguard-campus-'));
    expect(transient).toEqual([]);
    const scratch = before.flat().filter((line) => /\.staging-|\.new-|\.trash-/.test(line));
    expect(scratch).toEqual([]);
  }, 240_000);

  test('a run that is interrupted, and interrupted again, converges', async () => {
    await campus.stopWorker();
    const first = await worker();
    await campus.release('2.3.0', { misbehave: 'slow-start', seconds: 3 });
    const run = await campus.start('2.3.0');
    await campus.untilStep(run, 'backend');
    await until(
      'a host runs the new backend',
      async () => (await campus.serving('web-1')).backend !== '2.0.0',
    );
    await first.signal('SIGKILL');
    const second = await worker();
    await campus.untilStep(run, 'frontend');
    await second.signal('SIGKILL');
    await worker();

    const { message, ...end } = await ended(run);
    expect(message).toMatch(/^2\.3\.0 \([0-9a-f]{8}\) serves on all 3 hosts\.$/);
    expect(end).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(await campus.servedEverywhere()).toBe('2.3.0');
    expect((await recordsOf('2.3.0')).map(({ outcome }) => outcome)).toEqual(['SUCCEEDED']);
    expect(await incidentTitles('2.3.0')).toEqual([]);
    expect((await runCli(campus, 'verify', 'production')).exitCode).toBe(0);
  }, 180_000);
});
