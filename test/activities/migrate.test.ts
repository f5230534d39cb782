import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { plan } from '../../src/activities/plan.js';
import type { Release } from '../../src/domain/release.js';
import { request } from '../domain/release-fixtures.js';
import { QUIET, SchemaWorld, token, WHERE } from './schema-world.js';

const SLEEPS = { 'V2__sleeps.sql': 'create table slow (id int); select pg_sleep(60);' };
const DUPLICATES = `create table fees (student int); insert into fees values (1), (1);`;
const UNIQUE = 'create unique index concurrently fees_by_student on fees (student);';
const INDEX = {
  'V2__fees.sql': DUPLICATES,
  'V3__index.sql': 'create index concurrently fees_i on fees (student);',
};
const NOBODY = '';

let world: SchemaWorld;
beforeAll(async () => {
  world = await SchemaWorld.open();
}, 300_000);
afterAll(() => world.close());
beforeEach(() => world.empty());

async function indexes(): Promise<string> {
  return world.sql(`select relname from pg_class where relname like 'fees%' and relkind = 'i'`);
}

/** Plans a deployment of a release; hosts and Temporal have nothing to say before the schema has. */
async function planned({ version }: Release): Promise<unknown> {
  const dependencies = {
    ...world.dependencies,
    program: { inspect: () => Promise.resolve({ token: null, committed: null }) },
    temporal: {
      withDeadline: (_: number, work: () => unknown) => work(),
      workflow: { getHandle: () => ({ query: () => Promise.resolve({ committed: null }) }) },
    },
  } as unknown as Dependencies;
  const call = { request: request({ ...WHERE, version }), grant: null };
  return new MockActivityEnvironment({}, { logger: QUIET }).run(() => plan(dependencies, call));
}

test('it says what it applied, leaves no session and no note, and has nothing to do the second time', async () => {
  const release = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES });
  expect(await world.migrate(release).result).toEqual([
    expect.stringMatching(/^1 campus \(\d+ ms\)$/),
    expect.stringMatching(/^2 fees \(\d+ ms\)$/),
  ]);
  expect(await world.migrate(release, token({ attempt: 2 })).result).toEqual([]);
  expect(await world.sessions()).toBe(NOBODY);
  expect(await world.sql(`select owner, token->>'attempt', doing from safeguard.fence`)).toBe(
    'campus-production|2|null',
  );
}, 60_000);

test('an older token changes nothing', async () => {
  const release = await world.release('1.0.0');
  await world.settle(null, token({ epoch: 2, run: '20260101-130000-abcdef' }));
  await expect(world.migrate(release).result).rejects.toMatchObject({ code: 'MIGRATION_FENCED' });
  expect(await world.sql(`select to_regclass('flyway_schema_history') is null`)).toBe('true');
}, 60_000);

test('two attempts at once: the older one is ended, and the migration is applied exactly once', async () => {
  const release = await world.release('1.0.0', {
    'V2__sleeps.sql': 'create table slow (id int); insert into slow values (1); select pg_sleep(2);',
  });
  const first = world.migrate(release);
  await world.untilRunning('select pg_sleep');
  const second = world.migrate(release, token({ attempt: 2 }));

  await expect(first.result).rejects.toMatchObject({ code: 'MIGRATION_FENCED' });
  expect(await second.result).toEqual([expect.stringMatching(/^2 sleeps/)]);
  expect(await world.history()).toBe('1:true 2:true');
  expect(await world.sql('select count(*) from slow')).toBe('1');
  expect(await world.sessions()).toBe(NOBODY);
}, 60_000);

test('an abort in the middle returns within seconds; nothing was applied, no session is left', async () => {
  const release = await world.release('1.0.0', SLEEPS);
  const running = world.migrate(release);
  await world.untilRunning('select pg_sleep');
  const began = performance.now();
  running.cancel();

  await expect(running.result).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(performance.now() - began).toBeLessThan(8_000);
  expect(await world.sessions()).toBe(NOBODY);
  expect(await world.history()).toBe('1:true');
  expect(await world.sql(`select to_regclass('slow') is null`)).toBe('true');
  expect(await world.settle(release)).toEqual({ version: '1', differences: [] });
}, 60_000);

test('an index that could not be built is removed, and a retry after the data were mended succeeds', async () => {
  const release = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES, 'V3__index.sql': UNIQUE });
  await expect(world.migrate(release).result).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(
      /is duplicated[^]*What it left was removed: public\.fees_by_student\./,
    ) as unknown,
  });
  expect(await indexes()).toBe('');
  expect(await world.history()).toBe('1:true 2:true');

  await world.sql('delete from fees where ctid = (select min(ctid) from fees)');
  expect(await world.migrate(release, token({ try: 2 })).result).toEqual([expect.stringMatching(/^3 index/)]);
  expect(await indexes()).toBe('fees_by_student');
}, 60_000);

test('an index that was there before is left alone', async () => {
  const first = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES });
  await world.migrate(first).result;
  await world.sql('create index fees_by_student on fees (student)');
  const release = await world.release('1.1.0', { 'V2__fees.sql': DUPLICATES, 'V3__index.sql': UNIQUE });
  await expect(world.migrate(release, token({ epoch: 2 })).result).rejects.toThrow('already exists');
  expect(await indexes()).toBe('fees_by_student');
  expect(await world.history()).toBe('1:true 2:true');
}, 60_000);

test('an abort while an index waits for an old transaction removes the index at once', async () => {
  const tables = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES });
  await world.migrate(tables).result;
  await world.session('begin isolation level repeatable read', 'select count(*) from pg_class');
  const running = world.migrate(await world.release('1.1.0', INDEX), token({ epoch: 2 }));
  await world.untilRunning('create index concurrently');
  running.cancel();

  await expect(running.result).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await indexes()).toBe('');
  expect(await world.history()).toBe('1:true 2:true');
  expect(await world.sessions()).toBe(NOBODY);
}, 60_000);

test('an index whose table is in use is removed by the next one that comes, once it can be', async () => {
  const tables = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES });
  await world.migrate(tables).result;
  const holder = await world.session('begin', 'insert into fees values (2)');
  const release = await world.release('1.1.0', INDEX);
  const running = world.migrate(release, token({ epoch: 2 }));
  await world.untilRunning('create index concurrently');
  running.cancel();
  await expect(running.result).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await world.sessions()).toBe(NOBODY);
  expect(await indexes()).toBe('fees_i');
  await holder.query('rollback');

  expect(await world.settle(tables, token({ epoch: 2, step: 6 }))).toEqual({ version: '2', differences: [] });
  expect(await indexes()).toBe('');
}, 90_000);

test('what a lost worker left of an index is removed before the next attempt begins', async () => {
  const tables = await world.release('1.0.0', { 'V2__fees.sql': DUPLICATES });
  await world.migrate(tables).result;
  const release = await world.release('1.1.0', INDEX);
  const holder = await world.session(
    'begin isolation level repeatable read',
    'select count(*) from pg_class',
  );
  const lost = world.migrate(release, token({ epoch: 2 }));
  await world.untilRunning('create index concurrently');
  const next = world.migrate(release, token({ epoch: 2, attempt: 2 }));
  await expect(lost.result).rejects.toMatchObject({ code: 'MIGRATION_FENCED' });
  await holder.query('rollback');

  expect(await next.result).toEqual([expect.stringMatching(/^3 index/)]);
  expect(await world.sql("select indisvalid from pg_index where indexrelid = 'fees_i'::regclass")).toBe(
    'true',
  );
  expect(await world.history()).toBe('1:true 2:true 3:true');
}, 60_000);

test('any other script that leaves a failed row is left to a person, and the next plan refuses', async () => {
  const release = await world.release('1.0.0', {
    'V2__fees.sql': DUPLICATES,
    'V3__half.sql': `${UNIQUE.replace('unique ', '')} ${UNIQUE.replace('fees_by', 'fees_twice_by')} drop index concurrently fees_by_student;`,
  });
  const refused = {
    code: 'MIGRATION_HALF_DONE',
    message: expect.stringMatching(
      /V3__half\.sql \(version 3\)[^]*public\.fees_twice_by_student[^]*DROP INDEX CONCURRENTLY public\.fees_twice_by_student; flyway repair/,
    ) as unknown,
  };
  await expect(world.migrate(release).result).rejects.toMatchObject(refused);
  expect(await world.history()).toBe('1:true 2:true 3:false');
  await expect(planned(release)).rejects.toMatchObject(refused);
  expect((await world.settle(release)).differences).toEqual([refused.message]);

  await world.sql(
    'drop index fees_twice_by_student, fees_by_student; delete from flyway_schema_history where not success',
  );
  expect(await planned(release)).toMatchObject({ plan: { pendingMigrations: ['V3__half.sql'] } });
}, 60_000);

test('a script that is no transaction and was ended in the middle leaves no row, and is not forgotten', async () => {
  const release = await world.release('1.0.0', {
    'V2__half.sql': 'create index concurrently on courses (title); vacuum courses;',
  });
  const tables = await world.release('0.9.0');
  await world.migrate(tables).result;
  await world.session('begin isolation level repeatable read', 'select count(*) from pg_class');
  const running = world.migrate(release, token({ epoch: 2 }));
  await world.untilRunning('create index concurrently');
  running.cancel();
  await expect(running.result).rejects.toMatchObject({ name: 'CancelledFailure' });

  expect(await world.history()).toBe('1:true');
  await expect(planned(release)).rejects.toMatchObject({
    code: 'MIGRATION_HALF_DONE',
    message: expect.stringContaining(
      "UPDATE safeguard.fence SET doing = NULL WHERE owner = 'campus-production';",
    ) as unknown,
  });
}, 60_000);

test('a script that could not be undone is waited for when only its worker was lost', async () => {
  const tables = await world.release('0.9.0');
  await world.migrate(tables).result;
  const release = await world.release('1.0.0', {
    'V2__half.sql': 'create index concurrently on courses (title); vacuum courses;',
  });
  const holder = await world.session(
    'begin isolation level repeatable read',
    'select count(*) from pg_class',
  );
  const lost = world.migrate(release, token({ epoch: 2 }));
  await world.untilRunning('create index concurrently');
  const next = world.migrate(release, token({ epoch: 2, attempt: 2 }));
  await world.untilRunning('select pid, application_name');
  await holder.query('rollback');

  expect(await next.result).toEqual([]);
  await lost.result.catch(() => undefined);
  expect(await world.history()).toBe('1:true 2:true');
}, 60_000);

test('a release that does not work with the schema there is', async () => {
  const release = await world.release('1.0.0', { 'V3__more.sql': 'select 1;' });
  const old = await world.release('0.9.0');
  await world.migrate(release).result;
  const expected = { version: '3', differences: ['schema is at 3, 0.9.0 works with 1 to 2'] };
  expect(await world.settle(old)).toEqual(expected);
  expect(await world.settle(old, token({ step: 6, attempt: 2 }))).toEqual(expected);
}, 60_000);
