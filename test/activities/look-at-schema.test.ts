import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { lookAtSchema } from '../../src/activities/look-at-schema.js';
import { SchemaWorld, token, WHERE } from './schema-world.js';

let world: SchemaWorld;
beforeAll(async () => {
  world = await SchemaWorld.open();
}, 300_000);
afterAll(() => world.close());
beforeEach(() => world.empty());

test('a database that nothing was ever migrated in stays as it is', async () => {
  const release = await world.release('1.0.0');
  expect(await lookAtSchema(world.dependencies, { ...WHERE, release })).toEqual({
    version: null,
    differences: ['the database has no schema yet, 1.0.0 works with 1 to 2'],
    failed: [],
    invalidIndexes: [],
    pending: ['1'],
    problems: [],
  });
  expect(await world.sql(`select to_regnamespace('safeguard') is null`)).toBe('true');
}, 60_000);

test('what is pending is no problem, nor is what a later release applied', async () => {
  const [first, second] = [
    await world.release('1.0.0'),
    await world.release('1.1.0', { 'V2__more.sql': 'select 1;' }),
  ];
  await world.migrate(first).result;
  const fine = { differences: [], failed: [], problems: [] };
  expect(await lookAtSchema(world.dependencies, { ...WHERE, release: second })).toMatchObject({
    pending: ['2'],
    ...fine,
  });
  await world.migrate(second, token({ epoch: 2 })).result;
  expect(await lookAtSchema(world.dependencies, { ...WHERE, release: first })).toMatchObject({
    version: '2',
    pending: [],
    ...fine,
  });
}, 60_000);

test('altered and missing migrations, failed rows and indexes that are not valid are told', async () => {
  const applied = await world.release('1.0.0', { 'V2__more.sql': 'select 1;', 'V3__gone.sql': 'select 3;' });
  await world.migrate(applied).result;
  await world.sql(
    'create table t (i int); create index t_i on t (i); update pg_index set indisvalid = false where indexrelid = $$t_i$$::regclass',
  );
  await world.sql(
    `insert into flyway_schema_history select 9, '9', 'x', type, 'V9__x.sql', 1, installed_by, now(), 1, false from flyway_schema_history limit 1`,
  );
  const release = await world.release('1.1.0', { 'V2__more.sql': 'select 2;', 'V4__new.sql': 'select 4;' });
  const look = await lookAtSchema(world.dependencies, { ...WHERE, release });
  expect(look).toMatchObject({
    version: '3',
    failed: [{ version: '9', script: 'V9__x.sql' }],
    invalidIndexes: ['public.t_i'],
  });
  expect(look.problems).toEqual(
    expect.arrayContaining([
      expect.stringContaining('checksum mismatch for migration version 2'),
      expect.stringContaining('not resolved locally: 3'),
    ]),
  );
}, 60_000);

test('a release that is no longer there is a problem, not an end', async () => {
  const release = { ...(await world.release('1.0.0')), digest: '0'.repeat(64) };
  const { problems } = await lookAtSchema(world.dependencies, { ...WHERE, release });
  expect(problems).toEqual([expect.stringContaining("the migrations of 1.0.0 can't be compared")]);
}, 60_000);
