import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Lab } from '../../lab/lab.js';
import type { SmokeFinding } from '../../src/domain/smoke-report.js';
import { CampusLab, ended } from './campus-lab.js';
import { IMPATIENT } from './lost-hosts.js';
import { inFiles, inHistories } from './secret-search.js';

/** The public way in: the site of one host stands for the load balancer. Database and cache are asked from the runner, too. */
let url: string;
let tests: string;
let campus: CampusLab;

function smokeYaml(database: string): string {
  return `
retries: 1
secrets: { password: { env: CAMPUS_DB_PASSWORD } }
tests:
  - { name: the release, http: { url: /version.txt, expect: { body: '{version}' } } }
  - { name: finances, http: { url: /api/finances } }
  - name: database
    postgres: { host: ${database}, database: campus_production, user: campus_production, password: '{password}', tables: 3, schema_version: '1' }
  - { name: cache, redis: { host: ${database}, memory_below: 90 } }
`;
}

beforeAll(async () => {
  const lab = await Lab.open(process.env['SAFEGUARD_LAB'] ?? 'lab');
  url = `http://${lab.host('web-1').address}/`;
  tests = smokeYaml(lab.host('db-1').address);
  campus = await CampusLab.open({ policy: { ...IMPATIENT, smoke: { file: 'smoke.yaml', url } } });
  await writeFile(join(campus.directory, 'smoke.yaml'), tests);
  await campus.startWorker();
  await campus.release('1.0.0');
}, 120_000);
afterAll(() => campus.close(), 60_000);

/** All results of the smoke tests of the latest run. */
async function results(): Promise<readonly SmokeFinding[]> {
  const record = (await campus.records()).at(-1);
  const runs = join(campus.directory, 'records', 'campus', 'production', 'runs');
  const kept = await readFile(join(runs, record?.deploymentId ?? '', 'smoke.json'), 'utf8');
  return JSON.parse(kept) as SmokeFinding[];
}

test('the public way in, the database and the cache are asked once, from the runner, and the release stays', async () => {
  expect(await campus.deploy('1.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  const seen = await results();
  expect(seen.map(({ name, target, verdict }) => [name, target, verdict])).toEqual(
    ['the release', 'finances', 'database', 'cache'].map((name) => [name, url, 'pass']),
  );
  expect(seen[2]?.evidence).toMatch(/^schema 1, \d+ tables$/);
}, 120_000);

test('what users would see is wrong, and the database too: the release is taken back', async () => {
  const tables = await campus.sql("select count(*) from pg_tables where schemaname = 'public'");
  await writeFile(join(campus.directory, 'smoke.yaml'), tests.replace('tables: 3', `tables: ${tables}`));
  await campus.release('1.1.0');
  await campus.sql('create schema away; alter table payments set schema away');
  const deployed = await campus
    .deploy('1.1.0')
    .finally(() => campus.sql('alter table away.payments set schema public; drop schema away'));
  expect(deployed).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(deployed.message).toContain(`finances on ${url} (answered 503, expected 200)`);
  expect(deployed.message).toMatch(/database on \S+ \(schema 1, \d+ tables; expected at least \d+\)/);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const { CAMPUS_DB_PASSWORD: password = '' } = process.env;
  expect(await inFiles(join(campus.directory, 'records'), password)).toEqual([]);
  expect(await inHistories(campus, password)).toEqual([]);
}, 120_000);

test('tests that were changed since the plan are not carried out, and the release is taken back', async () => {
  await campus.release('1.2.0');
  const run = await campus.start('1.2.0');
  await campus.untilStep(run, 'backend');
  await writeFile(join(campus.directory, 'smoke.yaml'), tests.replace('tables: 3', 'tables: 1'));
  const { outcome, message } = await ended(run);
  expect(outcome).toBe('ROLLED_BACK');
  expect(message).toMatch(/The smoke tests in .*smoke\.yaml are others than those that were planned/);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);
