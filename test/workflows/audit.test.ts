import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import type { AuditEvent, AuditLine } from '../../src/domain/audit.js';
import { checkTrail, lineName } from '../../src/domain/audit-check.js';
import * as messages from '../../src/workflows/messages.js';
import { event } from '../domain/audit-fixtures.js';
import { failure, gate, MockWorld, untilStopped, upgrade } from './mock-activities.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

/** Waits until everything is kept, checks the chain against what the environment remembers, and answers the lines. */
async function trailOf(stage: Stage): Promise<readonly AuditLine[]> {
  await until(async () => (await stage.status()).audit.outbox.length === 0);
  const { application, environment, incarnation, audit: before } = await stage.status();
  const place = { application, environment, incarnation };
  const stored = await stage.world.trail.read(place);
  const { audit: after } = await stage.status();
  const { findings, lines } = checkTrail(place, stored, { before, after });
  expect(findings).toEqual([]);
  return lines;
}

function inShort(lines: readonly AuditLine[]): string[] {
  return lines.map(({ action, by, outcome }) => `${action} by ${by}${outcome === null ? '' : ` ${outcome}`}`);
}

/** A world whose store is away until the test says so; it may have taken lines before it fails. */
function storeAway(world: MockWorld, takesLines: boolean, nextRetryDelay: '1s' | '4m') {
  const store = { isAway: true };
  world.override.keepAudit = async ({ lines }) => {
    if (takesLines || !store.isAway) for (const line of lines) await world.trail.keep(line);
    if (store.isAway)
      throw ApplicationFailure.create({
        message: 'the disk is full',
        type: 'AUDIT_NOT_WRITTEN',
        nextRetryDelay,
      });
  };
  return store;
}

// Stories that let time pass come first: timers of stages that are over would have nobody to fire for, and hold the time up.
describe('a store that is away', () => {
  test('keeps nobody waiting; later all lines are there, in order', () => {
    const world = new MockWorld();
    const store = storeAway(world, false, '4m');
    return server.play(async (stage) => {
      for (const version of ['1.0.0', '2.0.0', '1.0.0'])
        expect((await stage.deployed({ version })).result.outcome).toBe('SUCCEEDED');
      expect((await stage.status()).audit).toMatchObject({ sequence: 0 });
      // Of the server's time; people are told after ten minutes.
      await stage.server.sleep('12m');
      const { audit } = await stage.status();
      expect(audit.trouble).toMatchObject({ code: 'AUDIT_NOT_WRITTEN', message: 'the disk is full' });
      expect(audit.outbox).toHaveLength(9);
      store.isAway = false;
      await stage.server.sleep('10m');
      const lines = await trailOf(stage);
      expect(lines.map(({ deploymentId }) => deploymentId?.slice(-1)).join('')).toBe('111222333');
      expect((await stage.status()).audit.trouble).toBeNull();
    }, world);
  }, 150_000);
});

describe('a store in which somebody else wrote', () => {
  test('is told to people and left as it is; nothing is lost, and nothing runs hot', () => {
    const world = new MockWorld();
    const going = gate();
    world.override.stage = () => going.passed;
    return server.play(async (stage) => {
      const run = await stage.deploy();
      await stage.called('keepAudit');
      await until(async () => (await stage.status()).audit.sequence === 2);
      const { application, environment, incarnation } = await stage.status();
      world.trail.put({ application, environment, incarnation }, lineName(3), 'forged');
      going.open();
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      await until(async () => (await stage.status()).audit.trouble !== null);
      const { audit } = await stage.status();
      expect(audit).toMatchObject({ sequence: 2, trouble: { code: 'AUDIT_BROKEN' } });
      expect(audit.outbox).toHaveLength(1);
      await stage.server.sleep('65m');
      // Once every half hour.
      expect(world.trail.asked.length).toBeLessThanOrEqual(2 + 1 + 3);
      expect((await world.trail.read({ application, environment, incarnation })).at(-1)?.text).toBe('forged');
      // Somebody found out, and put the store in order.
      world.trail.remove({ application, environment, incarnation }, lineName(3));
      await stage.server.sleep('31m');
      expect(await trailOf(stage)).toHaveLength(3);
    }, world);
  }, 150_000);
});

test('a store that fails for a reason of its own is asked again too', () => {
  const world = new MockWorld();
  let calls = 0;
  world.override.keepAudit = async ({ lines }) => {
    calls += 1;
    if (calls === 1) throw failure('INTERNAL', 'a mistake of ours');
    for (const line of lines) await world.trail.keep(line);
  };
  return server.play(async (stage) => {
    await stage.deployed();
    await until(async () => (await stage.status()).audit.trouble !== null);
    await stage.server.sleep('1h');
    expect(await trailOf(stage)).toHaveLength(3);
  }, world);
}, 150_000);

describe('a deployment leaves a line for each decision', () => {
  test(
    'when it goes through, in two batches',
    () =>
      server.play(async (stage) => {
        const { result } = await stage.deployed();
        expect(result.outcome).toBe('SUCCEEDED');
        const lines = await trailOf(stage);
        expect(inShort(lines)).toEqual([
          'requested by ada',
          'granted by safeguard',
          'ended by safeguard SUCCEEDED',
        ]);
        expect(lines[2]).toMatchObject({
          deploymentId: result.deploymentId,
          version: '1.0.0',
          reason: result.message,
          planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        });
        expect(stage.world.of('keepAudit')).toHaveLength(2);
        expect(stage.world.of('noteAudit')).toHaveLength(0);
      }),
    150_000,
  );

  test(
    'when somebody aborts it: who and why',
    () =>
      server.play(
        async (stage) => {
          const run = await stage.deploy({ version: '2.0.0' });
          await stage.called('activate', 2);
          await run.signal(messages.abort, { by: 'ben', reason: 'pages all over' });
          await ended(run);
          const lines = await trailOf(stage);
          expect(inShort(lines).slice(2)).toEqual(['aborted by ben', 'ended by safeguard ROLLED_BACK']);
          expect(lines[2]).toMatchObject({ reason: 'pages all over', identity: 'claimed', version: '2.0.0' });
        },
        upgrade({ activate: untilStopped }),
      ),
    150_000,
  );

  test(
    'when it is refused before it ever joins the queue',
    () =>
      server.play(async (stage) => {
        await stage.deployed({ version: '9.0.0' });
        const lines = await trailOf(stage);
        expect(inShort(lines)).toEqual(['requested by ada', 'ended by safeguard REFUSED']);
        expect(lines[1]?.reason).toContain('no release 9.0.0');
      }),
    150_000,
  );

  test('when it is rejected, or nobody approves it', () => {
    const world = new MockWorld();
    world.policy = { ...world.policy, approval: { ...world.policy.approval, required: true } };
    return server.play(async (stage) => {
      const run = await stage.deploy();
      await stage.reached(run, 'awaiting-approval');
      await run.executeUpdate(messages.reject, { args: [{ by: 'ben', comment: 'not today' }] });
      await ended(run);
      const lines = await trailOf(stage);
      expect(lines.at(-1)).toMatchObject({ action: 'ended', outcome: 'REJECTED' });
      expect(lines.at(-1)?.reason).toContain('not today');
      expect(lines.filter(({ action }) => action === 'requested')).toHaveLength(1);
    }, world);
  }, 150_000);

  test('when its workflow is terminated: that it is gone, and what was done without it', () => {
    const going = gate();
    const world = upgrade({ migrate: () => going.passed.then(() => []) });
    world.watcher = 'close';
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('migrate');
      await run.terminate('pulled the plug');
      going.open();
      await until(async () => (await stage.status()).history.length === 1);
      expect(inShort(await trailOf(stage)).slice(2)).toEqual([
        'holder-gone by safeguard',
        'ended by safeguard ROLLED_BACK',
      ]);
    }, world);
  }, 150_000);
});

test(
  'evictions and lifted quarantines say who and why',
  () =>
    server.play(async (stage) => {
      await stage.deployed();
      await stage
        .entity()
        .executeUpdate(messages.evict, { args: [{ host: 'web-2', by: 'ben', reason: 'burnt' }] });
      const lines = await trailOf(stage);
      expect(lines[3]).toMatchObject({
        action: 'evicted',
        by: 'ben',
        reason: 'web-2: burnt',
        identity: 'claimed',
      });
    }),
  150_000,
);

describe('exactly once', () => {
  test('an attempt that fails after it wrote is tried again, and finds its own lines', () => {
    const world = new MockWorld();
    const store = storeAway(world, true, '1s');
    return server.play(async (stage) => {
      await stage.deployed();
      await until(() => Promise.resolve(world.trail.asked.length > 2));
      store.isAway = false;
      const lines = await trailOf(stage);
      expect(inShort(lines)).toHaveLength(3);
      expect(world.trail.asked.length).toBeGreaterThan(lines.length);
    }, world);
  }, 150_000);

  test(
    'what is told twice is one line, and what is no event is none',
    () =>
      server.play(async (stage) => {
        await stage.deployed();
        const told = [
          event('a', { by: 'ben' }),
          event('a', { by: 'ben' }),
          { key: 'b' },
          null,
        ] as AuditEvent[];
        await stage.entity().signal(messages.audit, told);
        await stage.entity().signal(messages.audit, told);
        await stage.entity().signal(messages.audit, 'text' as unknown as AuditEvent[]);
        await until(async () => (await stage.status()).audit.sequence === 4);
        expect((await trailOf(stage)).at(-1)).toMatchObject({ key: 'a', by: 'ben' });
      }),
    150_000,
  );

  test(
    'fifty runs that tell of themselves at once: one chain, in few batches',
    () =>
      server.play(async (stage) => {
        await stage.deployed();
        const told = (run: number): AuditEvent[] => [
          event(`run-${run}/requested`),
          event(`run-${run}/approved`, { action: 'approved' }),
          event(`run-${run}/ended`, { action: 'ended' }),
        ];
        const runs = Array.from({ length: 50 }, (_, run) => told(run));
        await Promise.all(runs.map((events) => stage.entity().signal(messages.audit, events)));
        await until(async () => (await stage.status()).audit.sequence === 153);
        const lines = await trailOf(stage);
        expect(new Set(lines.map(({ key }) => key)).size).toBe(153);
        expect(stage.world.of('keepAudit').length).toBeLessThan(50);
      }),
    150_000,
  );
});

test('an environment that continues as new while lines wait sends the same ones again', () => {
  const world = new MockWorld();
  const store = storeAway(world, true, '1s');
  return server.play(async (stage) => {
    await stage.deployed();
    const first = (await stage.entity().describe()).runId;
    // Signals make the history long, and none of them is an event.
    for (let count = 0; count < 20 && (await stage.entity().describe()).runId === first; count += 1)
      await Promise.all(Array.from({ length: 100 }, () => stage.entity().signal(messages.audit, [])));
    await until(async () => (await stage.entity().describe()).runId !== first);
    store.isAway = false;
    const lines = await trailOf(stage);
    expect(lines).toHaveLength(3);
    expect(world.trail.asked.length).toBeGreaterThan(3);
  }, world);
}, 150_000);
