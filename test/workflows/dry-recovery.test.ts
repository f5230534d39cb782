import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as messages from '../../src/workflows/messages.js';
import { failure } from './mock-activities.js';
import { ended, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

test(
  'a rollback that is tried dry changes nothing and takes nobody’s place',
  () =>
    server.play(async (stage) => {
      await stage.deployed();
      await stage.deployed({ version: '2.0.0' });
      const rollback = await stage.recover(
        { kind: 'rollback', to: null, components: null },
        { dryRun: true },
      );
      expect((await ended(rollback)).result).toMatchObject({
        outcome: 'DRY_RUN',
        plan: { to: { version: '1.0.0' } },
      });
      expect(await rollback.query(messages.progress)).toMatchObject({ outcome: 'DRY_RUN' });
      expect(stage.world.of('restore')).toHaveLength(0);
      expect((await stage.status()).history).toHaveLength(2);
    }),
  150_000,
);

test(
  'one that is refused says so to whoever looks for it',
  () =>
    server.play(async (stage) => {
      await stage.deployed();
      await stage.deployed({ version: '2.0.0' });
      stage.world.override = { planRecovery: () => Promise.reject(failure('ROLLBACK_TARGET_MISSING')) };
      const rollback = await stage.recover(
        { kind: 'rollback', to: null, components: null },
        { dryRun: true },
      );
      expect((await ended(rollback)).result.outcome).toBe('REFUSED');
      expect(await rollback.query(messages.progress)).toMatchObject({ phase: 'ended', outcome: 'REFUSED' });
    }),
  150_000,
);
