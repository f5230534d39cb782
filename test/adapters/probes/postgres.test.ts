import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresProbe, type PostgresAsk } from '../../../src/adapters/probes/postgres.js';
import { startFaultyNetwork } from '../ssh/faulty-network.js';
import { freePort } from '../ssh/sshd.js';
import { startPostgres, type PostgresServer } from './postgres-server.js';

let server: PostgresServer;
let ask: PostgresAsk;
beforeAll(async () => {
  server = await startPostgres();
  ask = {
    host: '127.0.0.1',
    port: server.port,
    database: 'postgres',
    user: 'postgres',
    password: 'do-not-show',
  };
}, 120_000);
afterAll(() => server.stop());

test('an empty database', async () => {
  expect(await postgresProbe(ask)).toMatchObject({
    serverVersion: expect.stringMatching(/^15\.\d+$/) as unknown,
    schemaVersion: null,
    tables: 0,
  });
});

test('the highest successful version, compared as numbers', async () => {
  const rows = ["('1.9',true)", "('1.10',true)", "('2',false)", '(null,true)', "('1.2',true)"];
  await server.sql(`create table flyway_schema_history(version text, success boolean); create table campus();
    insert into flyway_schema_history values ${rows.join(',')}`);
  expect(await postgresProbe(ask)).toMatchObject({ schemaVersion: '1.10', tables: 2 });
  await server.sql(`insert into flyway_schema_history values ('20240101120000', true)`);
  expect((await postgresProbe(ask)).schemaVersion).toBe('20240101120000');
});

test('a server that is not there, and a database that is not', async () => {
  const gone = postgresProbe({ ...ask, port: await freePort() });
  await expect(gone).rejects.toMatchObject({
    code: 'NOT_REACHED',
    message: expect.stringContaining('ECONNREFUSED') as unknown,
  });
  const other: unknown = await postgresProbe({ ...ask, database: 'other' }).catch((error: unknown) => error);
  expect(other).toMatchObject({
    code: 'NOT_REACHED',
    message: expect.stringContaining('does not exist') as unknown,
  });
  expect(String(other)).not.toContain('do-not-show');
});

test('a server that says nothing', async () => {
  const silent = await startFaultyNetwork(server.port);
  silent.slow(0.001);
  const asked = postgresProbe({ ...ask, port: silent.port, timeoutMs: 300 });
  await expect(asked).rejects.toMatchObject({ code: 'PROBE_FAILED' });
  const abort = new AbortController();
  const aborted = postgresProbe({ ...ask, port: silent.port, signal: abort.signal });
  abort.abort(new Error('stop'));
  await expect(aborted).rejects.toThrow('stop');
  await silent.stop();
});
