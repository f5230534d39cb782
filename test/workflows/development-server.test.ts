import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gate, upgrade } from './mock-activities.js';
import { ended, TestServer, until } from './test-server.js';

// What the time-skipping server can't do: a long activity beside timers, and telling a parent that its child was terminated.
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.startReal();
}, 300_000);
afterAll(() => server.stop());

const ROLLBACK = '2.0.0/20260101-120000-run001';

test('the real watcher notices a holder that is terminated, and lets go of one that leaves', () => {
  const going = gate();
  const world = upgrade({ migrate: () => going.passed.then(() => []) });
  world.watcher = 'real';
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    await stage.called('migrate');
    await run.terminate('pulled the plug');
    const next = await stage.deploy({ version: '2.0.0' });
    await until(async () => (await stage.status()).history.length === 1);
    going.open();
    expect((await ended(next)).result.outcome).toBe('SUCCEEDED');
    await until(async () => (await stage.status()).holder === null);
    expect((await stage.status()).history.map(({ outcome }) => outcome)).toEqual([
      'SUCCEEDED',
      'ROLLED_BACK',
    ]);
  }, world);
}, 150_000);

test('a rollback can’t be cancelled', () => {
  const going = gate();
  const world = upgrade({
    migrate: () => going.passed.then(() => []),
    restore: (call) => going.passed.then(() => world.restored(call)),
  });
  world.watcher = 'close';
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    await stage.called('migrate');
    await run.terminate('pulled the plug');
    await stage.called('restore', 2);
    await stage.client.workflow.getHandle(`rollback/${stage.environment}/${ROLLBACK}`).cancel();
    going.open();
    await until(async () => (await stage.status()).holder === null);
    expect((await stage.status()).history).toMatchObject([{ outcome: 'ROLLED_BACK' }]);
  }, world);
}, 150_000);

test('a rollback that is terminated too leaves a quarantined environment, not a dead one', () => {
  const going = gate();
  const world = upgrade({
    migrate: () => going.passed.then(() => []),
    restore: (call) => going.passed.then(() => world.restored(call)),
  });
  world.watcher = 'close';
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    await stage.called('migrate');
    await run.terminate('pulled the plug');
    await stage.called('restore', 2);
    await stage.client.workflow
      .getHandle(`rollback/${stage.environment}/${ROLLBACK}`)
      .terminate('this one too');
    let seen = await stage.status();
    await until(async () => (seen = await stage.status()).quarantine !== null);
    expect(seen.history.at(-1)).toMatchObject({ outcome: 'PARTIAL' });
    // It brings its hosts together by itself as soon as it can; that may have begun already.
    going.open();
    await until(async () => {
      const { holder, quarantine } = await stage.status();
      return holder === null && quarantine === null;
    });
  }, world);
}, 150_000);
