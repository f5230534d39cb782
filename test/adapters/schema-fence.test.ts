import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flyway } from '../../setup/flyway.js';
import { Database, type DatabaseLogin } from '../../src/adapters/database.js';
import { Flyway } from '../../src/adapters/flyway.js';
import { endOthers } from '../../src/adapters/schema-clean-up.js';
import { assertMayFence, fencingSql, readFence, SchemaFence } from '../../src/adapters/schema-fence.js';
import type { FencingToken } from '../../src/domain/host-protocol.js';
import { freePort } from './ssh/sshd.js';
import { startPostgres, type PostgresServer } from './probes/postgres-server.js';

const OWNER = 'campus-production';
const FENCED = { code: 'MIGRATION_FENCED' };

let server: PostgresServer;
let program: Flyway;
let login: DatabaseLogin;
let directory: string;
beforeAll(async () => {
  server = await startPostgres();
  program = new Flyway(await flyway());
  await server.sql('create role guest login');
  login = {
    host: '127.0.0.1',
    port: server.port,
    database: 'postgres',
    user: 'postgres',
    password: 'do-not-show',
  };
}, 300_000);
afterAll(() => server.stop());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-fence-'));
  await server.sql(
    'drop schema if exists safeguard cascade; drop schema public cascade; create schema public',
  );
});
afterEach(() => rm(directory, { recursive: true }));

function token(over: Partial<FencingToken> = {}): FencingToken {
  return { incarnation: 'one', epoch: 5, run: 'run-a', step: 3, try: 1, attempt: 1, ...over };
}

const take = (asked: FencingToken, by: DatabaseLogin = login): Promise<unknown> =>
  Database.use(by, (database) => SchemaFence.take(database, OWNER, asked));

async function migrateWith(asked: FencingToken): Promise<number> {
  await writeFile(join(directory, 'V1__a.sql'), 'create table a(id int);');
  const url = `jdbc:postgresql://127.0.0.1:${String(server.port)}/postgres`;
  const database = { url, user: 'postgres', password: '' };
  return (await program.migrate({ database, directory, initSql: fencingSql(OWNER, asked) }))
    .migrationsExecuted;
}

test('the row refuses an older token and another run of the same epoch', async () => {
  await take(token());
  await expect(take(token({ epoch: 4, step: 9 }))).rejects.toMatchObject(FENCED);
  await expect(take(token({ run: 'run-b', step: 9 }))).rejects.toMatchObject({
    ...FENCED,
    message:
      'The schema of campus-production is held by run run-a (epoch 5, 3.1.1); run run-b (epoch 5, 9.1.1) may not change it.',
  });
  await take(token({ attempt: 2 }));
  await take(token({ epoch: 6, run: 'run-b', step: 1 }));
  const row = await Database.use(login, (database) => readFence(database, OWNER));
  expect(row).toEqual({ token: token({ epoch: 6, run: 'run-b', step: 1 }), former: [], doing: null });
});

test('another life of the environment is taken in, noted, and does not come back by an old token', async () => {
  await take(token());
  await take(token({ incarnation: 'two', epoch: 1 }));
  const row = await Database.use(login, (database) => readFence(database, OWNER));
  expect(row).toMatchObject({ token: { incarnation: 'two', epoch: 1 }, former: ['one'] });
  await expect(take(token({ epoch: 1 }))).rejects.toMatchObject(FENCED);
});

test('of many that come first at once, the highest holds the row in the end', async () => {
  const attempts = [1, 2, 3, 4, 5, 6, 7, 8];
  // Which two of them meet in making the table is chance: a single round seldom shows it.
  for (let round = 0; round < 25; round += 1) {
    await server.sql('drop schema if exists safeguard cascade');
    const came = await Promise.allSettled(attempts.map((attempt) => take(token({ attempt }))));
    const refusals = came.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    for (const refusal of refusals) expect(refusal).toMatchObject(FENCED);
    expect(await server.sql(`select token->>'attempt' from safeguard.fence`)).toBe('8');
  }
}, 60_000);

test('who was overtaken ends nobody and writes nothing', async () => {
  await Database.use(login, async (database) => {
    const older = await SchemaFence.take(database, OWNER, token());
    await Database.use(login, async (other) => {
      await SchemaFence.take(other, OWNER, token({ attempt: 2 }));
      await expect(endOthers(database, older)).rejects.toMatchObject(FENCED);
      await expect(older.note({ pending: [], present: [] })).rejects.toMatchObject(FENCED);
      expect(await other.rows('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });
});

test('a Flyway that connects late, when a newer token has come, applies nothing', async () => {
  await take(token());
  await take(token({ attempt: 2 }));
  await expect(migrateWith(token())).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    begunNothing: true,
    message: expect.stringContaining('SAFEGUARD_FENCED') as unknown,
  });
  expect(
    await server.sql(`select to_regclass('a') is null and to_regclass('flyway_schema_history') is null`),
  ).toBe('t');
  expect(await migrateWith(token({ attempt: 2 }))).toBe(1);
}, 30_000);

test('nothing that could end a quoted text gets into SQL', async () => {
  for (const run of ["a'; drop table a; --", 'a$safeguard$b', 'a b', ''])
    expect(() => fencingSql(OWNER, token({ run }))).toThrow('Not usable in a fencing row');
  await expect(take(token({ incarnation: "o'ne" }))).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(() => fencingSql("campus'-production", token())).toThrow('Not usable');
});

test('a user who may not keep the row is told what to grant', async () => {
  const guest = { ...login, user: 'guest' };
  const denied = {
    code: 'DATABASE_DENIED',
    message: expect.stringContaining('GRANT CREATE ON DATABASE "postgres" TO "guest"') as unknown,
  };
  await expect(Database.use(guest, assertMayFence)).rejects.toMatchObject(denied);
  await expect(take(token(), guest)).rejects.toMatchObject(denied);
  await server.sql('grant create on database postgres to guest');
  await Database.use(guest, assertMayFence);
  await take(token(), guest);
  await server.sql('revoke create on database postgres from guest');
  await Database.use(guest, assertMayFence);
});

test('the row of somebody else is not usable', async () => {
  await take(token());
  const guest = { ...login, user: 'guest' };
  const denied = { code: 'DATABASE_DENIED' };
  await expect(take(token({ attempt: 2 }), guest)).rejects.toMatchObject(denied);
  await server.sql('grant usage on schema safeguard to guest');
  await expect(Database.use(guest, assertMayFence)).rejects.toMatchObject(denied);
  await server.sql('grant select, insert, update on safeguard.fence to guest');
  await take(token({ attempt: 2 }), guest);
});

test('a database that is not there, and a connection that breaks', async () => {
  const away = { ...login, port: await freePort() };
  const unreachable = { code: 'DATABASE_UNREACHABLE' };
  await expect(take(token(), away)).rejects.toMatchObject(unreachable);
  await expect(
    Database.use(login, (database) => database.rows('select pg_terminate_backend(pg_backend_pid())')),
  ).rejects.toMatchObject(unreachable);
  await expect(
    Database.use(login, (database) => database.rows('select pg_sleep(600)', [], 200)),
  ).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringContaining('statement timeout') as unknown,
  });
});
