import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { release } from '../domain/release-fixtures.js';
import { TestServer, until } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

test(
  'a deployment does its steps in order, and completes',
  () =>
    server.play(async (stage) => {
      const { world } = stage;
      world.planned = { pendingMigrations: ['V2__fees.sql'] };
      const { status, result } = await stage.deployed();
      expect(status).toBe('COMPLETED');
      expect(result).toMatchObject({ outcome: 'SUCCEEDED', serving: '1.0.0' });
      expect(result.progress).toMatchObject({ phase: 'ended', outcome: 'SUCCEEDED' });
      expect(world.story()).toEqual([
        'validate',
        'plan',
        'stage',
        'activate backend',
        'activate frontend',
        'migrate',
        'check',
        'prepare',
        'commit',
        'record',
      ]);
      expect(world.incidents).toEqual([]);
      expect(world.records).toHaveLength(1);
      expect(world.records[0]).toMatchObject({
        outcome: 'SUCCEEDED',
        requestedBy: 'ada',
        migrationsApplied: ['2 fees (10 ms)'],
        failure: null,
        interruption: null,
      });
    }),
  150_000,
);

test(
  'the environment remembers what is served, hands out growing epochs, and is free afterwards',
  () =>
    server.play(async (stage) => {
      await stage.deployed();
      await stage.deployed({ version: '2.0.0' });
      const state = await stage.status();
      expect(state).toMatchObject({ epoch: 2, holder: null, queue: [], quarantine: null });
      expect(state.committed?.version).toBe('2.0.0');
      expect(state.releases[1]?.version).toBe('1.0.0');
      expect(state.history.map((run) => run.outcome)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
      const epochs = stage.world.of('activate').map((call) => call.token?.epoch);
      expect(epochs).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    }),
  150_000,
);

test(
  'hosts that serve the release already are left alone',
  () =>
    server.play(async (stage) => {
      stage.world.planned = { kind: 'noop', from: release('1.0.0'), steps: [] };
      const { status, result } = await stage.deployed();
      expect({ status, outcome: result.outcome }).toEqual({ status: 'COMPLETED', outcome: 'NOOP' });
      expect(stage.world.story()).toEqual(['validate', 'plan', 'record']);
      expect((await stage.status()).history).toMatchObject([{ outcome: 'NOOP' }]);
    }),
  150_000,
);

test(
  'adopting hosts comes before anything is changed on them',
  () =>
    server.play(async (stage) => {
      await stage.deployed({ adopt: 'the old server is gone' });
      expect(stage.world.story().slice(0, 3)).toEqual(['validate', 'plan', 'adopt']);
    }),
  150_000,
);

test(
  'a request that is not in order is refused without a trace',
  () =>
    server.play(async (stage) => {
      const { status, code } = await stage.deployed({ version: '$(reboot)' });
      expect({ status, code }).toEqual({ status: 'FAILED', code: 'REQUEST_INVALID' });
      expect(stage.world.calls).toEqual([]);
    }),
  150_000,
);

test(
  'a release that is not there is refused before it takes anybody’s place',
  () =>
    server.play(async (stage) => {
      const { status, code, result } = await stage.deployed({ version: '9.0.0' });
      expect({ status, code, outcome: result.outcome }).toEqual({
        status: 'FAILED',
        code: 'RELEASE_NOT_FOUND',
        outcome: 'REFUSED',
      });
      expect(stage.world.story()).toEqual(['validate', 'record']);
      // The environment has heard of it, for its audit trail only.
      expect(await stage.status()).toMatchObject({ holder: null, queue: [], history: [] });
    }),
  150_000,
);

test('a release that was built again after it was validated is refused, and the environment is free again', () =>
  server.play(async (stage) => {
    stage.world.override.plan = async (input) => {
      const { plan, ...planned } = stage.world.plan(input);
      return Promise.resolve({ ...planned, plan: { ...plan, to: { ...plan.to, digest: 'f'.repeat(64) } } });
    };
    expect(await stage.deployed()).toMatchObject({
      status: 'FAILED',
      code: 'RELEASE_CHANGED',
      result: { outcome: 'REFUSED' },
    });
    expect(stage.world.story()).toEqual(['validate', 'plan', 'record']);
    await until(async () => (await stage.status()).holder === null);
  }));
