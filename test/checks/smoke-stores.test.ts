import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SmokeResult } from '../../src/domain/smoke.js';
import { startPostgres, type PostgresServer } from '../adapters/probes/postgres-server.js';
import { startRedis, type RedisServer } from '../adapters/probes/redis-server.js';
import { freePort } from '../adapters/ssh/sshd.js';
import type { Certified } from './certificates.js';
import { SmokeBench } from './smoke-bench.js';

/** With what is special in SQL, in JSON and in addresses. */
const PASSWORD = 'pass "word\' /+&';
const SECRETS = { password: PASSWORD, wrong: 'guessed-by-somebody' };

let bench: SmokeBench;
let postgres: PostgresServer;
let redis: RedisServer;
const ports: Record<string, number> = {};

/** Has it read its configuration again; connections from then on are by the new one. */
async function reload(server: PostgresServer): Promise<void> {
  const loaded = (): Promise<string> => server.sql('select pg_conf_load_time()');
  const before = await loaded();
  await server.sql('select pg_reload_conf()');
  while ((await loaded()) === before);
}

/** Whoever is not the test itself needs the password. */
async function lock(server: PostgresServer): Promise<void> {
  const file = await server.sql('show hba_file');
  await writeFile(file, 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
  await server.sql(`create user monitor password '${PASSWORD.replaceAll("'", "''")}'`);
}

/** Offers TLS with this certificate from now on. */
async function certify(server: PostgresServer, { cert, key }: Certified): Promise<void> {
  const directory = await server.sql('show data_directory');
  await writeFile(join(directory, 'server.crt'), cert);
  await writeFile(join(directory, 'server.key'), key, { mode: 0o600 });
  await chown(join(directory, 'server.key'), (await stat(directory)).uid, 0);
  await server.sql('alter system set ssl = on');
  await reload(server);
}

/** Eleven tables, Flyway's own included. */
const CONTENTS = `create table flyway_schema_history(version text, success boolean);
  insert into flyway_schema_history values ('1.9', true), ('1.10', true);
  grant select on flyway_schema_history to monitor;
  ${Array.from({ length: 10 }, (_, index) => `create table t${index}();`).join(' ')}`;

beforeAll(async () => {
  [bench, postgres, redis] = await Promise.all([SmokeBench.open(), startPostgres(), startRedis(PASSWORD)]);
  await lock(postgres);
  await certify(postgres, await bench.authority.issue('database', 20));
  await postgres.sql(CONTENTS);
  const silent = Number((await bench.site.silent()).split(':')[1]);
  Object.assign(ports, { postgres: postgres.port, redis: redis.port, silent, down: await freePort() });
}, 240_000);
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop(), bench.close()]);
}, 60_000);

/** What a test asks beside its defaults; `port` is the name of one of the ports. */
type Asked = Readonly<Record<string, unknown>> & { readonly port?: string };

async function ask(kind: 'postgres' | 'redis', { port = kind, ...asked }: Asked): Promise<SmokeResult> {
  const common = { host: '127.0.0.1', port: ports[port], password: '{password}' };
  const login = kind === 'postgres' ? { database: 'postgres', user: 'monitor' } : {};
  const more = { secrets: { password: { env: 'NEVER_READ' }, wrong: { env: 'NEVER_READ' } } };
  const tests = [{ name: 'x', [kind]: { ...common, ...login, ...asked } }];
  const [result] = await bench.results('plain', tests, { more, secrets: SECRETS });
  for (const secret of Object.values(SECRETS)) expect(JSON.stringify(result)).not.toContain(secret);
  if (result === undefined) throw new Error('no result');
  return result;
}

function found(verdict: SmokeResult['verdict'], evidence: RegExp): object {
  return { verdict, evidence: expect.stringMatching(evidence) as unknown, attempts: 1 };
}

describe('a PostgreSQL', () => {
  test.each<[string, Asked, SmokeResult['verdict'], RegExp]>([
    ['that lets us in', {}, 'pass', /^schema 1\.10, 11 tables$/],
    ['that has all of it', { tables: 11, schema_version: '1.10' }, 'pass', /^schema 1\.10, 11 tables$/],
    ['with fewer tables', { tables: 12 }, 'fail', /11 tables; expected at least 12$/],
    ['at an older schema', { schema_version: '2' }, 'fail', /schema 1\.10.*; expected schema 2$/],
    [
      'with everything wrong at once',
      { tables: 12, schema_version: '1.9' },
      'fail',
      /expected schema 1\.9, at least 12$/,
    ],
    ['that is empty', { database: 'template1', schema_version: '1' }, 'fail', /^schema empty, 0 tables;/],
    ['that refuses the password', { password: '{wrong}' }, 'unknown', /password authentication failed/],
    ['without the database', { database: 'campus' }, 'unknown', /database "campus" does not exist/],
    ['that tells a secret', { database: '{wrong}' }, 'unknown', /database "\[secret\]" does not exist/],
    ['that is down', { port: 'down' }, 'unknown', /ECONNREFUSED/],
    ['that never answers', { port: 'silent' }, 'fail', /no answer within 2000 ms/],
    ['that is a Redis', { port: 'redis' }, 'fail', /./],
    ['over TLS', { tls: true, tables: 11 }, 'pass', /11 tables/],
    ['over TLS that never answers', { tls: true, port: 'silent' }, 'fail', /no answer within 2000 ms/],
  ])('%s', async (_title, asked, verdict, evidence) => {
    expect(await ask('postgres', asked)).toMatchObject(found(verdict, evidence));
  });

  test('whose certificate is not to be trusted, and one that has none', async () => {
    const { authority } = bench;
    await certify(postgres, await authority.selfSigned('stranger'));
    expect(await ask('postgres', { tls: true })).toMatchObject(found('fail', /self-signed certificate/));
    await certify(postgres, await authority.issue('another', 20, 'DNS:other.test'));
    expect(await ask('postgres', { tls: true })).toMatchObject(
      found('fail', /127\.0\.0\.1 is not in the cert/),
    );
    await postgres.sql('alter system set ssl = off');
    await reload(postgres);
    expect(await ask('postgres', { tls: true })).toMatchObject(found('fail', /does not support SSL/));
  });
});

describe('a Redis', () => {
  test.each<[string, Asked, SmokeResult['verdict'], RegExp]>([
    ['that lets us in', {}, 'pass', /^PONG in \d+ ms$/],
    ['without a limit of memory', { memory_below: 90 }, 'pass', /MiB in use, no limit$/],
    ['that refuses the password', { password: '{wrong}' }, 'unknown', /WRONGPASS/],
    ['that is down', { port: 'down' }, 'unknown', /ECONNREFUSED/],
    ['that never answers', { port: 'silent' }, 'fail', /no answer within 2000 ms/],
    ['that is a PostgreSQL', { port: 'postgres' }, 'fail', /./],
  ])('%s', async (_title, asked, verdict, evidence) => {
    expect(await ask('redis', asked)).toMatchObject(found(verdict, evidence));
  });

  test('that runs out of memory', async () => {
    await redis.tell('config', 'set', 'maxmemory', '64mb');
    expect(await ask('redis', { memory_below: 90 })).toMatchObject(found('pass', /limit 90 %/));
    expect(await ask('redis', { memory_below: 1 })).toMatchObject(found('fail', /limit 1 %/));
    await redis.tell('config', 'set', 'maxmemory', '1mb');
    expect(await ask('redis', { memory_below: 90 })).toMatchObject(found('fail', /\(\d+ %, limit 90 %\)/));
    expect(await ask('redis', {})).toMatchObject(found('pass', /PONG/));
  });
});
