import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execute } from '../../lab/execute.js';
import { checkoutRoot } from '../../setup/checkout.js';
import type { WorkflowHandle } from '@temporalio/client';
import { CampusLab, ended, until } from './campus-lab.js';
import { inFiles, inHistories } from './secret-search.js';
import { environmentStatus, IMPATIENT, rewriteConfig } from './lost-hosts.js';

const UNIT = 'campus-production-backend.service';
/** The backend logs the address of a request that fails, and this one has a secret in it. */
const TOKEN = randomBytes(12).toString('hex');
const SMOKE = `
retries: 1
secrets: { token: { env: CAMPUS_SMOKE_TOKEN } }
tests:
  - { name: the release, http: { url: /version.txt, expect: { body: '{version}' } } }
  - { name: finances, http: { url: '/api/finances?token={token}' } }
`;
const REDIS = 'redis-server.service';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({
    policy: { ...IMPATIENT, smoke: { file: 'smoke.yaml' } },
    readyTimeout: '4s',
  });
  process.env['CAMPUS_SMOKE_TOKEN'] = TOKEN;
  await writeFile(join(campus.directory, 'smoke.yaml'), SMOKE);
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  await campus.lab.run('db-1', ['systemctl', 'start', REDIS]);
}, 30_000);
afterAll(() => campus.close(), 60_000);

/** A file that was kept beside the record of a run. */
async function evidence(deploymentId: string, name: string): Promise<string> {
  const runs = join(campus.directory, 'records', 'campus', 'production', 'runs');
  return readFile(join(runs, deploymentId, `${name}.json`), 'utf8');
}

test('what is taken back leaves forensics on each host and beside its record', async () => {
  await campus.release('1.1.0', { misbehave: 'never-healthy' });
  expect(await campus.deploy('1.1.0')).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  const record = (await campus.records()).at(-1);
  expect(record?.forensics).toHaveLength(campus.webHosts.length);
  for (const host of campus.webHosts) {
    const [, directory = ''] =
      record?.forensics.find((line) => line.startsWith(`${host}:`))?.split(':') ?? [];
    expect(directory).toMatch(/^\/var\/backups\/deployment-forensics\/1\.1\.0-/);
    const { exitCode } = await campus.lab.run(host, ['test', '-s', join(directory, 'metadata.json')]);
    expect(exitCode).toBe(0);
    expect(await evidence(record?.deploymentId ?? '', `forensics-${host}`)).toContain('1.1.0');
  }
}, 120_000);

test('the old release is back but its checks fail too: the cause lies elsewhere, and it is not PARTIAL', async () => {
  await campus.release('1.2.0');
  await campus.lab.run('db-1', ['systemctl', 'stop', REDIS]);
  const cli = [process.execPath, join(checkoutRoot(), 'bin', 'safeguard.js')];
  const options = ['--config', campus.configFile, '--address', campus.settings.address];
  const deployed = await execute([
    ...cli,
    ...options,
    'deploy',
    'production',
    '--version',
    '1.2.0',
    '--follow',
  ]);
  expect(deployed).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('ROLLED_BACK_UNHEALTHY') });

  const record = (await campus.records()).at(-1);
  expect(record).toMatchObject({ version: '1.2.0', outcome: 'ROLLED_BACK_UNHEALTHY' });
  expect(record?.health?.failed.map(({ name }) => name).join()).toMatch(/redis/i);
  const incident = (await campus.incidents()).at(-1);
  expect(incident).toMatchObject({ failedVersion: '1.2.0', outcome: 'ROLLED_BACK_UNHEALTHY' });
  expect(incident?.cause).toContain('the cause may lie elsewhere');
  expect((await environmentStatus(campus)).quarantine).toBeNull();
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('a release that is healthy but fails a smoke test is taken back, and what speaks against it is kept without secrets', async () => {
  await campus.release('1.4.0');
  await campus.sql('alter table payments rename to payments_away');
  const deployed = await campus
    .deploy('1.4.0')
    .finally(() => campus.sql('alter table payments_away rename to payments'));
  expect(deployed).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(deployed.message).toMatch(
    /Cause: smoke tests: 3 of 6 smoke tests failed: finances on web-1 .*expected 200/,
  );
  expect(await campus.servedEverywhere()).toBe('1.0.0');

  const record = (await campus.records()).at(-1);
  expect(record).toMatchObject({ version: '1.4.0', failure: { code: 'SMOKE_FAILED', step: 'smoke tests' } });
  const states = record?.steps.map(({ title, state }) => `${title}: ${state}`);
  expect(states).toEqual(expect.arrayContaining(['health checks: done', 'smoke tests: failed']));
  const runs = join(campus.directory, 'records', 'campus', 'production', 'runs', record?.deploymentId ?? '');
  expect(deployed.message).toContain(`Diagnostics: ${runs}/ on the runner.`);
  const names = ['smoke', ...campus.webHosts.map((host) => `forensics-${host}`)];
  expect([...(record?.diagnostics ?? [])].sort()).toEqual(
    names.map((name) => join(runs, `${name}.json`)).sort(),
  );
  expect((await campus.incidents()).at(-1)).toMatchObject({
    failedVersion: '1.4.0',
    diagnostics: record?.diagnostics,
    forensics: record?.forensics,
  });

  const answers = await evidence(record?.deploymentId ?? '', 'smoke');
  expect(answers).toContain('the data is not available now');
  for (const host of campus.webHosts) {
    const kept = JSON.parse(await evidence(record?.deploymentId ?? '', `forensics-${host}`)) as {
      readonly files: Readonly<Record<string, string>>;
    };
    expect(kept.files[`${UNIT}.log`]).toMatch(/GET \/api\/finances\?token=\[secret\]: UndefinedTable/);
    expect(kept.files['ports.txt']).toMatch(/:80\s.*nginx/);
    expect(kept.files['disk.txt']).toMatch(/\d+% \/\n/);
    expect(kept.files['deployments.json']).toContain('"version": "1.0.0"');
  }
  expect(await inFiles(join(campus.directory, 'records'), TOKEN)).toEqual([]);
  expect(await inHistories(campus, TOKEN)).toEqual([]);
}, 120_000);

test('with forensics switched off there are none', async () => {
  const config = await readFile(campus.configFile, 'utf8');
  await rewriteConfig(campus, config.replace(/forensics:\n\s+limit: 5s/, 'forensics: { enabled: false }'));
  await campus.release('1.3.0', { misbehave: 'never-healthy' });
  expect(await campus.deploy('1.3.0')).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  const record = (await campus.records()).at(-1);
  expect(record).toMatchObject({ version: '1.3.0', forensics: [] });
  await expect(evidence(record?.deploymentId ?? '', 'forensics-web-1')).rejects.toThrow('ENOENT');
}, 120_000);

/** What the run's activity said of itself last. */
async function said(run: WorkflowHandle): Promise<string> {
  const { raw } = await run.describe();
  const details = raw.pendingActivities?.flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []);
  return Buffer.from(details?.[0]?.data ?? []).toString();
}

test('a release that passes all checks, and falls while it is to settle, is taken back', async () => {
  const config = await readFile(campus.configFile, 'utf8');
  await rewriteConfig(campus, config.replace('stabilise: 0s', 'stabilise: 60s'));
  await campus.release('1.5.0');
  const run = await campus.start('1.5.0');
  await until('it has passed, and settles', async () => (await said(run)).includes('settling'));
  expect(await campus.servedEverywhere()).toBe('1.5.0');
  await campus.lab.run('web-1', ['systemctl', 'stop', UNIT]);

  const { outcome, message } = await ended(run);
  expect(outcome).toBe('ROLLED_BACK');
  expect(message).toMatch(/on web-1 \((could not be carried out: )?passed, and \d+ s later: /);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 180_000);
