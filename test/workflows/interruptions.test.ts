import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import * as messages from '../../src/workflows/messages.js';
import { policy, release } from '../domain/release-fixtures.js';
import { failure, gate, untilStopped, upgrade } from './mock-activities.js';
import { ended, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const OLD = release('1.0.0');

function abort(run: WorkflowHandle): Promise<void> {
  return run.signal(messages.abort, { by: 'grace', reason: 'wrong day' });
}

describe('in the middle of an activation', () => {
  test(
    'an abort takes the release back and says who wanted it',
    () =>
      server.play(
        async (stage) => {
          const { world } = stage;
          const run = await stage.deploy({ version: '2.0.0' });
          await stage.called('activate', 2);
          await abort(run);
          const end = await ended(run);
          expect(end).toMatchObject({
            status: 'FAILED',
            code: 'ABORTED',
            result: { outcome: 'ROLLED_BACK' },
          });
          expect(end.message).toContain('Aborted by grace: wrong day');
          expect(world.records).toMatchObject([{ interruption: { kind: 'abort', by: 'grace' } }]);
          expect(world.everyHostServes(OLD)).toBe(true);
          expect(world.of('activate')).toHaveLength(2);
          expect(world.incidents).toHaveLength(1);
        },
        upgrade({ activate: untilStopped }),
      ),
    150_000,
  );

  test(
    'a Cancel ends as CANCELLED, with the release taken back',
    () =>
      server.play(
        async (stage) => {
          const run = await stage.deploy({ version: '2.0.0' });
          await stage.called('activate', 2);
          await run.cancel();
          expect((await ended(run)).status).toBe('CANCELLED');
          expect(stage.world.records).toMatchObject([
            { outcome: 'ROLLED_BACK', interruption: { kind: 'cancel' } },
          ]);
          expect(stage.world.everyHostServes(OLD)).toBe(true);
        },
        upgrade({ activate: untilStopped }),
      ),
    150_000,
  );

  test('a Cancel that meets a failing step still ends as CANCELLED', () => {
    const world = upgrade({
      activate: () =>
        untilStopped().catch(() => {
          throw failure('NOT_READY');
        }),
    });
    world.policy = policy({ retries: { tries: 1, delaySeconds: 1 } });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('activate', 2);
      await run.cancel();
      expect((await ended(run)).status).toBe('CANCELLED');
      expect(world.everyHostServes(OLD)).toBe(true);
    }, world);
  }, 150_000);

  test('the way back waits until what was told to stop has really ended', () => {
    const begunBefore: number[] = [];
    const world = upgrade({
      activate: () =>
        untilStopped().catch(async (stopped: unknown) => {
          // A way back that does not wait has long begun by then.
          await delay(1_000);
          begunBefore.push(world.of('forensics').length + world.of('restore').length);
          throw stopped;
        }),
    });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('activate', 2);
      await abort(run);
      expect((await ended(run)).result.outcome).toBe('ROLLED_BACK');
      expect(begunBefore).toEqual([0, 0]);
    }, world);
  }, 150_000);

  test('the limit of the whole run counts from the grant, and the way back is exempt from it', () => {
    const world = upgrade({
      migrate: () => Promise.reject(failure('MIGRATION_FAILED')),
      restore: (call) =>
        call.token.try < 4 ? Promise.reject(failure('HOST_UNREACHABLE')) : world.restored(call),
    });
    world.policy = policy({ runTimeoutSeconds: 20 });
    return server.play(async (stage) => {
      const end = await stage.deployed({ version: '2.0.0' });
      expect(end).toMatchObject({ status: 'FAILED', code: 'RUN_TIMEOUT' });
      expect(end.message).toContain('Stopped by safeguard: the run took longer than 20 s');
      expect(world.of('migrate')).toHaveLength(1);
      expect(world.of('restore', 'web-1')).toHaveLength(4);
    }, world);
  }, 150_000);
});

describe('before anything was changed', () => {
  test('an abort in the queue leaves the queue, and nothing else happened', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const { world } = stage;
        const first = await stage.deploy({ version: '2.0.0' });
        await stage.called('stage', 2);
        const second = await stage.deploy({ version: '1.0.0' });
        await stage.reached(second, 'queued');
        await stage.called('enqueue', 2);
        await abort(second);
        const end = await ended(second);
        expect(end).toMatchObject({ status: 'FAILED', code: 'ABORTED', result: { outcome: 'WITHDRAWN' } });
        const state = await stage.status();
        expect(state.queue).toEqual([]);
        expect(state.holder?.version).toBe('2.0.0');
        going.open();
        expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
        expect(world.of('restore')).toEqual([]);
      },
      upgrade({ stage: () => going.passed }),
    );
  }, 150_000);

  test(
    'an abort while bytes travel withdraws the run',
    () =>
      server.play(
        async (stage) => {
          const run = await stage.deploy({ version: '2.0.0' });
          await stage.called('stage', 2);
          await abort(run);
          expect((await ended(run)).result.outcome).toBe('WITHDRAWN');
          expect(stage.world.story().slice(-2)).toEqual(['stage', 'record']);
          expect((await stage.status()).committed?.version).toBe('1.0.0');
        },
        upgrade({ stage: untilStopped }),
      ),
    150_000,
  );
});

describe('too late', () => {
  test('an abort on the way back changes nothing about it, and is not taken for its cause', () => {
    const going = gate();
    const world = upgrade({
      migrate: () => Promise.reject(failure('VERSION_INVALID', 'broken')),
      restore: (call) => going.passed.then(() => world.restored(call)),
    });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('restore', 2);
      await abort(run);
      await run.cancel();
      going.open();
      const end = await ended(run);
      expect(end).toMatchObject({ status: 'FAILED', code: 'VERSION_INVALID' });
      expect(world.records).toMatchObject([{ interruption: null, failure: { code: 'VERSION_INVALID' } }]);
      expect(world.of('restore')).toHaveLength(2);
    }, world);
  }, 150_000);

  test('an abort while the release is committed changes nothing: it goes through', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const run = await stage.deploy({ version: '2.0.0' });
        await stage.called('commit', 2);
        await abort(run);
        await run.cancel();
        going.open();
        expect(await ended(run)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED' } });
        expect(stage.world.records).toMatchObject([{ interruption: null }]);
      },
      upgrade({
        commit: ({ host }) =>
          going.passed.then(() => ({ host: host.name, state: 'serves', differences: [] })),
      }),
    );
  }, 150_000);

  test('but an abort during the last look still counts', () => {
    const going = gate();
    const world = upgrade();
    world.override = {
      prepare: () => going.passed,
    };
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('prepare', 2);
      await abort(run);
      await stage.reached(run, 'deploying');
      going.open();
      expect((await ended(run)).result.outcome).toBe('ROLLED_BACK');
    }, world);
  }, 150_000);
});
