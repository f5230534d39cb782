import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { policy } from '../domain/release-fixtures.js';
import { failure, upgrade } from './mock-activities.js';
import { TestServer, until } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

test('a schema that the restored release can’t work with is PARTIAL, and settled by the environment as soon as it can be', () => {
  const world = upgrade({
    migrate: () => Promise.reject(failure('MIGRATION_FAILED')),
    settleSchema: () =>
      Promise.resolve({ version: '3', differences: ['schema is at 3, 1.0.0 works with 1 to 2'] }),
  });
  world.policy = policy({
    retries: { tries: 1, delaySeconds: 1 },
    compensation: { delaySeconds: 1, giveUpAfterSeconds: 20, stabiliseSeconds: 1 },
  });
  return server.play(async (stage) => {
    const end = await stage.deployed({ version: '2.0.0' });
    expect(end.result.outcome).toBe('PARTIAL');
    expect(end.message).toContain('schema is at 3');
    expect(world.records[0]).toMatchObject({ outcome: 'PARTIAL' });
    world.override = {};
    await stage.server.sleep('2m');
    await until(async () => (await stage.status()).quarantine === null);
    expect(world.of('settleSchema').length).toBeGreaterThan(1);
    expect(world.records.at(-1)).toMatchObject({ kind: 'converge', outcome: 'SUCCEEDED' });
  }, world);
}, 150_000);
