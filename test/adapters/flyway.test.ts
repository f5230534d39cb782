import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flyway } from '../../setup/flyway.js';
import { Flyway, flywayArguments, flywayEnvironment, type FlywayRun } from '../../src/adapters/flyway.js';
import { startPostgres, type PostgresServer } from './probes/postgres-server.js';

let server: PostgresServer;
let program: Flyway;
let directory: string;
let run: FlywayRun;
beforeAll(async () => {
  server = await startPostgres();
  program = new Flyway(await flyway());
}, 300_000);
afterAll(() => server.stop());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-flyway-'));
  await server.sql('drop schema public cascade; create schema public');
  const database = {
    url: `jdbc:postgresql://127.0.0.1:${String(server.port)}/postgres`,
    user: 'postgres',
    password: 'do-not-show',
  };
  run = { database, directory };
});
afterEach(() => rm(directory, { recursive: true }));

const migration = (name: string, sql: string): Promise<void> => writeFile(join(directory, name), sql);
const failing = (words: string): object => ({
  code: 'MIGRATION_FAILED',
  message: expect.stringContaining(words) as unknown,
});

test('nothing secret stands on the command line, and nothing of ours gets in', () => {
  const { database } = run;
  expect(
    flywayArguments('migrate', { ...run, initSql: 'select 1', connectRetries: 3 }).join(' '),
  ).not.toContain('do-not-show');
  const own = { PATH: '/bin', FLYWAY_CLEAN_DISABLED: 'false', SECRET: 'x' };
  const expected = {
    PATH: '/bin',
    FLYWAY_URL: database.url,
    FLYWAY_USER: 'postgres',
    FLYWAY_PASSWORD: 'do-not-show',
  };
  expect(flywayEnvironment(database, own)).toEqual(expected);
});

test('info, migrate, migrate again, validate', async () => {
  await migration('V1__a.sql', 'create table a(id int);');
  await migration('V1.10__b.sql', 'create table b(id int);');
  const before = await program.info(run);
  expect(before).toMatchObject({
    schemaVersion: null,
    migrations: [{ version: '1', state: 'Pending' }, { version: '1.10' }],
  });
  expect(await program.migrate(run)).toMatchObject({ migrationsExecuted: 2, targetSchemaVersion: '1.10' });
  expect(await program.migrate(run)).toMatchObject({ migrationsExecuted: 0, targetSchemaVersion: null });
  expect(await program.info(run)).toMatchObject({
    schemaVersion: '1.10',
    migrations: [{ state: 'Success' }, { state: 'Success' }],
  });
  expect(await program.validate(run)).toMatchObject({ validationSuccessful: true, validateCount: 2 });
}, 30_000);

test('an altered migration does not validate', async () => {
  await migration('V1__a.sql', 'create table a(id int);');
  await program.migrate(run);
  await migration('V1__a.sql', 'create table other(id int);');
  const found = await program.validate(run);
  expect(found).toMatchObject({
    validationSuccessful: false,
    invalidMigrations: [{ errorDetails: { errorCode: 'CHECKSUM_MISMATCH' } }],
  });
  await expect(program.migrate(run)).rejects.toMatchObject(failing('checksum mismatch'));
}, 30_000);

test('a migration that fails', async () => {
  await migration('V1__a.sql', `select broken; -- ${'x'.repeat(5_000)}`);
  const failed: unknown = await program.migrate(run).catch((error: unknown) => error);
  expect(failed).toMatchObject(failing('column "broken" does not exist'));
  expect(String(failed).length).toBeLessThan(2_200);
});

test('what initSql refuses is not migrated', async () => {
  await migration('V1__a.sql', 'create table a(id int);');
  await expect(program.migrate({ ...run, initSql: 'select 1/0' })).rejects.toMatchObject(
    failing('division by zero'),
  );
  expect(await server.sql(`select to_regclass('a') is null`)).toBe('t');
});

// Without failOnMissingLocations Flyway succeeds and does nothing.
test('a directory that is not there', async () => {
  await expect(program.migrate({ ...run, directory: '/nonexistent' })).rejects.toMatchObject(
    failing('/nonexistent'),
  );
});

test('a database and a program that are not there', async () => {
  const database = { ...run.database, url: 'jdbc:postgresql://127.0.0.1:1/none' };
  const failed: unknown = await program.info({ ...run, database }).catch((error: unknown) => error);
  expect(failed).toMatchObject(failing('refused'));
  expect(String(failed)).not.toContain('do-not-show');
  await expect(new Flyway('/nonexistent').info(run)).rejects.toMatchObject(failing('ENOENT'));
});

test('an abort ends Flyway, then rejects with its reason', async () => {
  await migration('V1__a.sql', 'select pg_sleep(600);');
  const abort = new AbortController();
  const migrating = program.migrate({ ...run, signal: abort.signal });
  migrating.catch(() => undefined);
  const sleeping = `select count(*) from pg_stat_activity where query like 'select pg_sleep%'`;
  while ((await server.sql(sleeping)) === '0');
  abort.abort(new Error('stop'));
  await expect(migrating).rejects.toThrow('stop');
  const { stdout } = await execa('ps', ['-eo', 'args']);
  expect(stdout).not.toContain(directory);
  await server.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`,
  );
}, 30_000);

test('a group that does not listen is killed', async () => {
  const script = join(directory, 'stubborn');
  const pidFile = join(directory, 'pid');
  await writeFile(
    script,
    `#!/bin/sh\ntrap '' TERM\nsh -c 'trap "" TERM; echo $$ >"${pidFile}"; while :; do sleep 1; done'\n`,
    { mode: 0o755 },
  );
  const abort = new AbortController();
  const stuck = new Flyway(script).info({ ...run, signal: abort.signal });
  stuck.catch(() => undefined);
  const pid = async (): Promise<string> => (await readFile(pidFile, 'utf8').catch(() => '')).trim();
  while ((await pid()) === '') await new Promise(setImmediate);
  abort.abort(new Error('stop'));
  await expect(stuck).rejects.toThrow('stop');
  const child = await pid();
  // Killed with its group; whoever inherits it may take a moment to bury it. The test's own limit ends a wait in vain.
  const state = async (): Promise<string> =>
    (await execa('ps', ['-o', 'stat=', '-p', child], { reject: false })).stdout.trim();
  while (!/^(Z.*)?$/.test(await state()));
}, 20_000);
