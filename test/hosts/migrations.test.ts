import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';
import { WorkerProcess } from './worker-process.js';

const MINUTE = { 'V2__sleeps.sql': 'create table slow (id int); select pg_sleep(60);' };
const MOMENT = {
  'V2__sleeps.sql': 'create table slow (id int); insert into slow values (1); select pg_sleep(10);',
};
/** Two students of the first migration were enrolled on one day. */
const UNIQUE = { 'V3__index.sql': 'create unique index concurrently by_day on students (enrolled_on);' };
const MENDED = { 'V3__index.sql': 'create index concurrently by_day on students (enrolled_on);' };

let campus: CampusLab;
const workers: WorkerProcess[] = [];

async function worker(): Promise<WorkerProcess> {
  const started = await WorkerProcess.start(campus);
  workers.push(started);
  return started;
}

beforeAll(async () => {
  campus = await CampusLab.open();
  await worker();
  await campus.release('1.0.0');
  expect(await campus.deploy('1.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
}, 120_000);
beforeEach(async () => {
  if (workers.length === 0) await worker();
}, 30_000);
afterEach(async () => {
  for (const one of workers.splice(0)) await one.signal('SIGKILL');
}, 30_000);
afterAll(() => campus.close(), 60_000);

async function history(): Promise<string> {
  const rows = await campus.sql(
    `select version || ':' || success from flyway_schema_history order by installed_rank`,
  );
  return rows.replaceAll('\n', ' ');
}

/** Sessions of migrations, ours and Flyway's. */
async function sessions(): Promise<string> {
  return campus.sql(
    `select application_name from pg_stat_activity where application_name like 'safeguard %' or application_name like 'Flyway%'`,
  );
}

async function untilSleeping(): Promise<void> {
  await until('the migration sleeps', async () => {
    const sql = `select count(*) from pg_stat_activity where query like '%pg_sleep%' and application_name like 'safeguard %'`;
    return (await campus.sql(sql)) !== '0';
  });
}

test('an abort during a migration that takes a minute: nothing of it stays, and nothing of it goes on', async () => {
  await campus.release('1.1.0', { migrations: MINUTE });
  const run = await campus.start('1.1.0');
  await untilSleeping();
  await campus.abort(run, 'takes too long');

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await sessions()).toBe('');
  expect(await history()).toBe('1:true');
  expect(await campus.sql(`select to_regclass('slow') is null`)).toBe('t');
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('a worker killed during a migration: another one goes on, and it is applied exactly once', async () => {
  const [first] = workers;
  await campus.release('1.2.0', { migrations: MOMENT });
  const run = await campus.start('1.2.0');
  await untilSleeping();
  await first?.signal('SIGKILL');
  await worker();

  expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await history()).toBe('1:true 2:true');
  expect(await campus.sql('select count(*) from slow')).toBe('1');
  expect(await sessions()).toBe('');
  expect(await campus.servedEverywhere()).toBe('1.2.0');
}, 120_000);

test('T067: an index that can not be built is taken back with its release, and a mended release deploys', async () => {
  await campus.release('2.0.0', { migrations: { ...MOMENT, ...UNIQUE }, schema: 1 });
  expect(await campus.deploy('2.0.0')).toMatchObject({
    status: 'FAILED',
    outcome: 'ROLLED_BACK',
    message: expect.stringContaining('is duplicated') as unknown,
  });
  expect(await campus.servedEverywhere()).toBe('1.2.0');
  expect(await history()).toBe('1:true 2:true');
  expect(await campus.sql(`select to_regclass('by_day') is null`)).toBe('t');

  await campus.release('2.0.1', { migrations: { ...MOMENT, ...MENDED }, schema: 1 });
  expect(await campus.deploy('2.0.1')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await history()).toBe('1:true 2:true 3:true');
  expect(await campus.servedEverywhere()).toBe('2.0.1');
}, 120_000);
