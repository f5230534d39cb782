import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities/index.js';
import { HOSTS, release } from '../domain/release-fixtures.js';
import { failure, gate, MockWorld, upgrade } from './mock-activities.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

/** A world in which 2.0.0 is deployed over 1.0.0, and a lost run is noticed at once. */
function watched(override: Partial<Activities>): MockWorld {
  const world = upgrade(override);
  world.watcher = 'close';
  return world;
}

/** Terminates the holder, and waits until the environment has noticed and is free again. */
async function lose(stage: Stage, run: WorkflowHandle): Promise<void> {
  await run.terminate('pulled the plug');
  await until(async () => {
    const { holder } = await stage.status();
    return holder?.workflowId !== run.workflowId;
  });
}

test('three deployments at once are carried out one after the other, in the order they came', () => {
  const going = gate();
  const world = new MockWorld();
  world.override = { stage: () => going.passed };
  return server.play(async (stage) => {
    const runs: WorkflowHandle[] = [];
    for (const version of ['1.0.0', '2.0.0', '1.0.0']) {
      runs.push(await stage.deploy({ version }));
      await stage.called('enqueue', runs.length);
    }
    await until(async () => (await stage.status()).queue.length === 2);
    expect((await stage.status()).holder?.deploymentId).toMatch(/run001$/);
    going.open();
    for (const run of runs) expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
    const order = world.of('activate').map(({ token }) => `${token?.run.slice(-1)} ${token?.epoch}`);
    expect([...new Set(order)]).toEqual(['1 1', '2 2', '3 3']);
    expect(order).toEqual([...order].sort());
  }, world);
}, 150_000);

describe('a holder that is terminated', () => {
  test('in the middle of an activation: the environment brings the committed release back under a higher epoch', () => {
    const going = gate();
    const world = watched({ migrate: () => going.passed.then(() => []) });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('migrate');
      const next = await stage.deploy({ version: '2.0.0' });
      await stage.called('enqueue', 2);
      await lose(stage, run);
      going.open();
      expect((await ended(next)).result.outcome).toBe('SUCCEEDED');

      const epochs = (name: 'activate' | 'restore') => [
        ...new Set(world.of(name).map(({ token }) => token?.epoch)),
      ];
      expect(epochs('restore')).toEqual([2]);
      expect(epochs('activate')).toEqual([1, 3]);
      expect(world.of('restore')[0]?.token?.run).toMatch(/run001-rollback$/);
      expect(world.records[0]).toMatchObject({
        outcome: 'ROLLED_BACK',
        interruption: { kind: 'holder-gone' },
      });
      expect(world.incidents).toHaveLength(1);
    }, world);
  }, 150_000);

  test('after it had decided: the release is finished, not undone', () => {
    const going = gate();
    const world = watched({
      commit: async ({ token, host, release: wanted }) => {
        if (token.epoch === 1) await going.passed;
        return world.reading(host.name, wanted);
      },
    });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('commit', 2);
      await lose(stage, run);
      going.open();
      const { committed, history } = await stage.status();
      expect(committed?.version).toBe('2.0.0');
      expect(history).toMatchObject([{ outcome: 'SUCCEEDED' }]);
      expect(world.everyHostServes(release('2.0.0'))).toBe(true);
      expect(world.incidents).toEqual([]);
    }, world);
  }, 150_000);

  test('before it began: nothing is restored', () => {
    const going = gate();
    const world = watched({ plan: (input) => going.passed.then(() => world.plan(input)) });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('plan');
      await lose(stage, run);
      going.open();
      expect((await stage.status()).history).toMatchObject([{ outcome: 'WITHDRAWN' }]);
      expect(stage.world.of('restore')).toEqual([]);
    }, world);
  }, 150_000);

  test('before it activated anything: nothing that serves was changed, which is no incident', () => {
    const going = gate();
    const world = watched({ stage: () => going.passed });
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('stage', 2);
      await lose(stage, run);
      going.open();
      expect((await stage.status()).history).toMatchObject([{ outcome: 'WITHDRAWN' }]);
      expect(world.records).toMatchObject([
        { outcome: 'WITHDRAWN', failure: { code: 'RUN_TERMINATED' }, forensics: [] },
      ]);
      expect(world.incidents).toEqual([]);
      // What of the run is still on its way to a host is ended all the same.
      expect(world.of('restore')).toHaveLength(HOSTS.length);
    }, world);
  }, 150_000);

  test('and a host that was changed after it was looked at makes it a rollback', () => {
    const going = gate();
    const world = watched({ stage: () => going.passed });
    world.serving.set('web-1', release('2.0.0').digest);
    return server.play(async (stage) => {
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('stage', 2);
      await lose(stage, run);
      going.open();
      expect(world.records).toMatchObject([{ outcome: 'ROLLED_BACK' }]);
      expect(world.incidents).toHaveLength(1);
    }, world);
  }, 150_000);

  test('in the queue: it is skipped when its turn comes', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const first = await stage.deploy({ version: '2.0.0' });
        await stage.called('stage', 2);
        const gone = await stage.deploy({ version: '2.0.0' });
        const last = await stage.deploy({ version: '2.0.0' });
        await stage.called('enqueue', 3);
        await gone.terminate('never mind');
        going.open();
        expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
        expect((await ended(last)).result.outcome).toBe('SUCCEEDED');
      },
      watched({ stage: () => going.passed }),
    );
  }, 150_000);
});

test('a run whose environment was terminated still undoes what it did, and says so', () => {
  const going = gate();
  const world = watched({
    migrate: () => going.passed.then(() => Promise.reject(failure('SECRET_MISSING', 'no'))),
  });
  return server.play(async (stage) => {
    const run = await stage.deploy({ version: '2.0.0' });
    await stage.called('migrate');
    await stage.entity().terminate('oops');
    going.open();
    expect(await ended(run)).toMatchObject({ code: 'SECRET_MISSING', result: { outcome: 'ROLLED_BACK' } });
    expect(world.everyHostServes(release('1.0.0'))).toBe(true);
  }, world);
}, 150_000);

test('a run that waits for an environment that was terminated finds it gone when it looks, and joins again', () => {
  const going = gate();
  const world = upgrade({ stage: () => going.passed });
  return server.play(async (stage) => {
    const holder = await stage.deploy({ version: '2.0.0' });
    await stage.called('stage', 2);
    const waiting = await stage.deploy({ version: '2.0.0' });
    await until(async () => (await stage.status()).queue.length === 1);
    await stage.entity().terminate('oops');
    going.open();
    await ended(holder);
    expect((await ended(waiting)).result.outcome).toBe('SUCCEEDED');
    expect(await stage.status()).toMatchObject({
      epoch: 1,
      history: [{ deploymentId: expect.stringMatching(/2$/) }],
    });
  }, world);
}, 150_000);

test(
  'an environment with a long history continues as new, with all that it knows',
  () =>
    server.play(async (stage) => {
      await stage.deployed();
      await until(async () => (await stage.status()).audit.outbox.length === 0);
      const before = await stage.status();
      const { runId } = await stage.entity().describe();
      // Each signal is two or three events; the notices themselves are about nobody.
      for (let batch = 0; batch < 25; batch += 1) {
        const notices = Array.from({ length: 90 }, () =>
          stage.entity().signal('decided', { deploymentId: 'nobody' }),
        );
        await Promise.all(notices);
      }
      await stage.entity().signal('decided', { deploymentId: 'nobody' });
      await until(async () => (await stage.entity().describe()).runId !== runId);
      expect(await stage.status()).toEqual(before);
      const next = await stage.deployed({ version: '2.0.0' });
      expect(next.result.outcome).toBe('SUCCEEDED');
      expect(await stage.status()).toMatchObject({
        epoch: 2,
        releases: [{ version: '2.0.0' }, { version: '1.0.0' }],
      });
    }),
  150_000,
);
