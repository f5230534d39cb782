import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { HashedPlan } from '../../src/domain/plan.js';
import type { Policy } from '../../src/domain/policy.js';
import { APPROVAL, policy, release } from '../domain/release-fixtures.js';
import { failure, gate, MockWorld, upgrade } from './mock-activities.js';
import { ended, TestServer } from './test-server.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** How long the first of two runs keeps the other one waiting. */
const LONG = 26 * HOUR;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

/** Seconds that a run took by the server's clock. */
async function took(run: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await run.describe();
  return ((closeTime?.getTime() ?? NaN) - startTime.getTime()) / 1000;
}

/** Fails once for want of anybody who does it, and is done days later: what a run sees of a fleet that is away. */
function daysLater<Result>(work: () => Promise<Result>): Promise<Result> {
  if (Context.current().info.attempt > 1) return work();
  const message = 'nobody is there';
  return Promise.reject(ApplicationFailure.create({ message, nextRetryDelay: '3 days' }));
}

test('an approval is waited for as long as the policy says, which is a day, and no longer', () => {
  const world = new MockWorld();
  world.policy = policy({ approval: { ...APPROVAL, required: true, timeoutSeconds: DAY } });
  return server.play(async (stage) => {
    const run = await stage.deploy();
    expect(await ended(run)).toMatchObject({ code: 'APPROVAL_TIMEOUT', result: { outcome: 'REJECTED' } });
    const seconds = await took(run);
    expect(seconds).toBeGreaterThanOrEqual(DAY);
    expect(seconds).toBeLessThan(DAY + 60);
    // It has held nobody up: it never was in the queue.
    expect(world.of('enqueue')).toEqual([]);
  }, world);
}, 150_000);

test('a run that has waited for more than a day has its six hours from the grant on; the way back may take longer', () => {
  const going = gate();
  const world = upgrade({
    stage: async ({ token }) => {
      if (!token.run.endsWith('run001')) return;
      await going.passed;
      if (token.try === 1) throw failure('HOST_UNREACHABLE');
    },
    migrate: ({ token }) =>
      token.run.endsWith('run001') ? Promise.resolve([]) : Promise.reject(failure('MIGRATION_FAILED')),
    restore: (call) =>
      call.token.try < 4 ? Promise.reject(failure('HOST_UNREACHABLE')) : world.restored(call),
  });
  const asks = (over: Partial<Policy>): Partial<HashedPlan> => {
    world.policy = policy(over);
    return { ...world.planned, policy: world.policy };
  };
  const patient = { retries: { tries: 2, delaySeconds: LONG }, runTimeoutSeconds: 10 * DAY };
  world.planned = asks(patient);
  return server.play(async (stage) => {
    const first = await stage.deploy({ version: '2.0.0' });
    await stage.called('stage', 2);
    // The migration that fails is tried again after the limit of the run.
    world.planned = asks({
      retries: { tries: 2, delaySeconds: 12 * HOUR },
      runTimeoutSeconds: 6 * HOUR,
      compensation: { delaySeconds: 3 * HOUR, giveUpAfterSeconds: DAY, stabiliseSeconds: 1 },
    });
    const second = await stage.deploy({ version: '2.0.0' });
    await stage.called('enqueue', 2);
    going.open();

    expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
    const end = await ended(second);
    expect(end).toMatchObject({ code: 'RUN_TIMEOUT', result: { outcome: 'ROLLED_BACK' } });
    expect(await took(first)).toBeGreaterThanOrEqual(LONG);
    expect(await took(second)).toBeGreaterThanOrEqual(LONG + 6 * HOUR);
    expect(world.of('migrate').filter(({ token }) => token?.run.endsWith('run002'))).toHaveLength(1);
    expect(world.everyHostServes(release('1.0.0'))).toBe(true);
  }, world);
}, 150_000);

test('nobody is there for days, longer than any limit: the run is stopped by its limit, and brought back when somebody comes', () => {
  const world = upgrade({
    migrate: () => daysLater(() => Promise.resolve([])),
    restore: (call) => daysLater(() => world.restored(call)),
  });
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    const end = await ended(run);
    // Days without anybody who could try are no reason to give a host up.
    expect(end).toMatchObject({ code: 'RUN_TIMEOUT', result: { outcome: 'ROLLED_BACK' } });
    expect(await took(run)).toBeGreaterThanOrEqual(3 * DAY + 6 * HOUR);
    expect(world.everyHostServes(release('1.0.0'))).toBe(true);
    expect(await stage.status()).toMatchObject({ holder: null, quarantine: null });
  }, world);
}, 150_000);
