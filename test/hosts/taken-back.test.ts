import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execute } from '../../lab/execute.js';
import { checkoutRoot } from '../../setup/checkout.js';
import { CampusLab } from './campus-lab.js';
import { environmentStatus, IMPATIENT, rewriteConfig } from './lost-hosts.js';

const REDIS = 'redis-server.service';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: IMPATIENT, readyTimeout: '4s' });
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

test('with forensics switched off there are none', async () => {
  const config = await readFile(campus.configFile, 'utf8');
  await rewriteConfig(campus, config.replace(/forensics:\n\s+limit: 5s/, 'forensics: { enabled: false }'));
  await campus.release('1.3.0', { misbehave: 'never-healthy' });
  expect(await campus.deploy('1.3.0')).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  const record = (await campus.records()).at(-1);
  expect(record).toMatchObject({ version: '1.3.0', forensics: [] });
  await expect(evidence(record?.deploymentId ?? '', 'forensics-web-1')).rejects.toThrow('ENOENT');
}, 120_000);
