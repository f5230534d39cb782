import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { enqueue } from '../../src/activities/environment.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import * as messages from '../../src/workflows/messages.js';
import { policy } from '../domain/release-fixtures.js';
import { gate, MockWorld, upgrade } from './mock-activities.js';
import { HEALTHY } from './reports.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

// On a development server: what is tried here is what happens while an activity of the holder goes on, and time passes.
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.startReal();
}, 300_000);
afterAll(() => server.stop());

/** A world whose first run holds the environment until the gate is opened. */
function heldWorld(over: Partial<MockWorld['policy']> = {}) {
  const going = gate();
  const world = new MockWorld();
  world.watcher = 'real';
  world.policy = { ...policy(), ...over };
  world.override = { stage: () => going.passed };
  return { world, going };
}

/** The first run holds the environment. */
async function hold(stage: Stage) {
  const first = await stage.deploy();
  await stage.called('stage');
  return first;
}

async function waitingFor(stage: Stage, count: number): Promise<void> {
  await until(async () => (await stage.status()).queue.length === count);
}

describe('a run that does not wait', () => {
  test('is refused by who holds the environment, leaves a record, and lets others be', () => {
    const { world, going } = heldWorld();
    return server.play(async (stage) => {
      const first = await hold(stage);
      const hasty = await ended(await stage.deploy({ ifBusy: 'fail' }));
      expect(hasty).toMatchObject({ code: 'ENVIRONMENT_BUSY', result: { outcome: 'REFUSED' } });
      expect(hasty.message).toContain('run001 (1.0.0), asked for by ada');
      expect(world.records).toMatchObject([{ outcome: 'REFUSED', failure: { code: 'ENVIRONMENT_BUSY' } }]);
      // It had no place to leave, so that it tells the audit trail by itself.
      expect(stage.world.of('noteAudit')).toHaveLength(1);
      going.open();
      expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
      await until(async () => (await stage.status()).holder === null);
      expect((await ended(await stage.deploy({ ifBusy: 'fail', version: '2.0.0' }))).result.outcome).toBe(
        'SUCCEEDED',
      );
    }, world);
  }, 150_000);
});

describe('a run that waits so long and no longer', () => {
  test('leaves the queue, and the environment goes on', () => {
    const { world, going } = heldWorld({ queue: { maxWaitSeconds: 1, supersede: false } });
    return server.play(async (stage) => {
      const first = await hold(stage);
      const [patient, hasty] = [
        await stage.deploy({ maxWaitSeconds: 3600 }),
        await ended(await stage.deploy()),
      ];
      expect(hasty).toMatchObject({ code: 'QUEUE_TIMEOUT', result: { outcome: 'REFUSED' } });
      await waitingFor(stage, 1);
      expect((await stage.status()).history).toMatchObject([{ outcome: 'REFUSED' }]);
      going.open();
      expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
      expect((await ended(patient)).result.outcome).toBe('SUCCEEDED');
    }, world);
  }, 150_000);

  test('gives the environment back that it is given in the moment of leaving', () => {
    const { world, going } = heldWorld();
    const leaving = gate();
    world.override = {
      ...world.override,
      record: (what) => {
        world.records.push(what);
        return what.outcome === 'REFUSED' ? leaving.passed.then(() => 'file') : Promise.resolve('file');
      },
    };
    return server.play(async (stage) => {
      const first = await hold(stage);
      const late = await stage.deploy({ maxWaitSeconds: 1, version: '2.0.0' });
      await stage.called('record');
      going.open();
      expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
      // It has ended its wait, and the environment, which does not know yet, hands itself over.
      await until(async () => (await stage.status()).holder?.workflowId === late.workflowId);
      const next = await stage.deploy({ version: '2.0.0' });
      leaving.open();
      expect(await ended(late)).toMatchObject({ code: 'QUEUE_TIMEOUT', result: { outcome: 'REFUSED' } });
      expect((await ended(next)).result.outcome).toBe('SUCCEEDED');
      const { history, epoch } = await stage.status();
      expect(history.map(({ outcome }) => outcome)).toContain('REFUSED');
      expect(epoch).toBe(3);
    }, world);
  }, 150_000);

  test('is no less let in when the leave and the end of its patience come at once', () => {
    const world = upgrade();
    world.watcher = 'real';
    return server.play(async (stage) => {
      world.override = {
        enqueue: async (call) => {
          await enqueue({ temporal: stage.client } as Dependencies, call);
          await delay(1_200);
          return undefined;
        },
      };
      const run = await stage.deploy({ version: '2.0.0', maxWaitSeconds: 1 });
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
    }, world);
  }, 150_000);
});

test('where only the newest matters, what waits is refused when a newer one comes; who holds goes on', () => {
  const { world, going } = heldWorld({ queue: { maxWaitSeconds: null, supersede: true } });
  return server.play(async (stage) => {
    const first = await hold(stage);
    const older = await stage.deploy({ version: '1.0.0' });
    await waitingFor(stage, 1);
    const newer = await stage.deploy({ version: '2.0.0' });
    const end = await ended(older);
    expect(end).toMatchObject({ code: 'SUPERSEDED', result: { outcome: 'REFUSED' } });
    expect(end.message).toContain('run003 (2.0.0)');
    going.open();
    expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
    expect((await ended(newer)).result.outcome).toBe('SUCCEEDED');
  }, world);
}, 150_000);

test('a run that waits says where it stands, and that leaves nothing in the history of the environment', () => {
  const { world, going } = heldWorld();
  return server.play(async (stage) => {
    await hold(stage);
    const second = await stage.deploy();
    await waitingFor(stage, 1);
    // That it asked is kept in the audit trail.
    await until(async () => (await stage.status()).audit.outbox.length === 0);
    const { historyLength } = await stage.entity().describe();
    await until(async () => {
      const { message } = await second.query(messages.progress);
      return /^Position 1 of 1; \S+-run001 \(1\.0\.0\) holds test-\d+ \(at \d\d:\d\d:\d\dZ\)\.$/.test(
        message,
      );
    });
    expect((await stage.entity().describe()).historyLength).toBe(historyLength);
    going.open();
    expect((await ended(second)).result.outcome).toBe('SUCCEEDED');
  }, world);
}, 150_000);

test('a holder that makes no progress is marked, until a step says something new', () => {
  const { world, going } = heldWorld();
  world.watchTimes = { stalledAfterMs: 1_500, lookEveryMs: 100 };
  const second = gate();
  world.override = {
    stage: async () => {
      // It beats, and has nothing to say.
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(''), 50);
      await going.passed;
      clearInterval(beat);
    },
    check: async () => {
      const context = Context.current();
      let made = 0;
      const talk = setInterval(() => context.heartbeat(`${(made += 1)} checks`), 50);
      await second.passed;
      clearInterval(talk);
      return HEALTHY;
    },
  };
  return server.play(async (stage) => {
    const run = await hold(stage);
    const stalledSince = async (): Promise<string | null | undefined> =>
      (await stage.status()).holder?.stalledSince;
    await until(async () => typeof (await stalledSince()) === 'string');
    // By the history, not by when somebody began to look: a watch that is begun anew comes to the same.
    expect(await stalledSince()).toBe((await lastEvent(stage, run.workflowId)).at);
    going.open();
    await stage.called('check');
    await until(async () => (await stalledSince()) === null);
    // Longer than the patience of this watch: what keeps it from being marked again is what the step says.
    const { eventId } = await lastEvent(stage, run.workflowId);
    await delay(2_000);
    expect((await lastEvent(stage, run.workflowId)).eventId).toBe(eventId);
    expect(await stalledSince()).toBeNull();
    second.open();
    expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
  }, world);
}, 150_000);

async function lastEvent(stage: Stage, workflowId: string): Promise<{ eventId: string; at: string }> {
  const { events } = await stage.client.workflow.getHandle(workflowId).fetchHistory();
  const last = events?.at(-1);
  const { seconds, nanos } = last?.eventTime ?? {};
  const ms = Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6);
  return { eventId: String(last?.eventId), at: new Date(ms).toISOString() };
}
