import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as messages from '../../src/workflows/messages.js';
import { policy, release } from '../domain/release-fixtures.js';
import { failure, gate, MockWorld, type Call } from './mock-activities.js';
import { UNHEALTHY } from './reports.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const ONE = release('1.0.0');
const TWO = release('2.0.0');

/** 1.0.0 and 2.0.0 were deployed, one after the other. */
async function twoReleases(stage: Stage): Promise<void> {
  await stage.deployed();
  await stage.deployed({ version: '2.0.0' });
}

/** web-2 is away while 3.0.0 fails, for longer than patience lasts: PARTIAL. */
async function partial(stage: Stage): Promise<void> {
  const { world } = stage;
  await twoReleases(stage);
  world.releases = { ...world.releases, '3.0.0': release('3.0.0') };
  world.silent.add('web-2');
  const answered = (call: { readonly host: { readonly name: string } }): Promise<void> =>
    world.silent.has(call.host.name) ? Promise.reject(failure('HOST_UNREACHABLE')) : Promise.resolve();
  world.override = {
    check: ({ checks }) =>
      Promise.resolve(
        checks === release('3.0.0').checks || world.everyHostServes(release('3.0.0'))
          ? UNHEALTHY
          : { healthy: true, durationMs: 1, passed: 1, failed: [] },
      ),
    restore: (call) => answered(call).then(() => world.restored(call)),
    commit: (call) => answered(call).then(() => world.reading(call.host.name, call.release)),
    withdraw: (call) => answered(call).then(() => void world.serving.set(call.host.name, null)),
  };
  const end = await stage.deployed({ version: '3.0.0' });
  expect(end.result.outcome).toBe('PARTIAL');
}

function impatient(): MockWorld {
  const world = new MockWorld();
  world.policy = policy({
    retries: { tries: 1, delaySeconds: 1 },
    compensation: { delaySeconds: 1, giveUpAfterSeconds: 20, stabiliseSeconds: 1 },
  });
  return world;
}

function releaseOf(call: Call | undefined): string | undefined {
  return (call?.input as { release?: { version: string } | null } | undefined)?.release?.version;
}

describe('PARTIAL is a duty that lives on', () => {
  test(
    'as soon as the lost host answers, everything is brought to the committed release and new releases are let in',
    () =>
      server.play(async (stage) => {
        await partial(stage);
        expect((await stage.status()).quarantine?.lost).toEqual(['web-2']);
        stage.world.silent.clear();
        await stage.server.sleep('15m');
        await until(async () => (await stage.status()).quarantine === null);
        expect(stage.world.everyHostServes(TWO)).toBe(true);
        expect(stage.world.records.at(-1)).toMatchObject({ kind: 'converge', outcome: 'SUCCEEDED' });
        expect(stage.world.incidents).toHaveLength(1);
      }, impatient()),
    150_000,
  );

  test(
    'a host that was missed by the commit is brought to the new release, not the others back to the old one',
    () =>
      server.play(async (stage) => {
        const { world } = stage;
        await twoReleases(stage);
        world.releases = { ...world.releases, '3.0.0': release('3.0.0') };
        world.silent.add('web-2');
        world.override = {
          commit: ({ host, release: wanted }) =>
            world.silent.has(host.name)
              ? Promise.reject(failure('HOST_UNREACHABLE'))
              : Promise.resolve(world.reading(host.name, wanted)),
          readBack: ({ host }) =>
            Promise.resolve({ host: host.name, state: 'unknown', differences: ['no answer'] }),
        };
        expect((await stage.deployed({ version: '3.0.0' })).result.outcome).toBe('PARTIAL');
        expect((await stage.status()).committed?.version).toBe('3.0.0');
        world.silent.clear();
        await stage.server.sleep('15m');
        await until(async () => (await stage.status()).quarantine === null);
        expect(releaseOf(world.of('restore').at(-1))).toBe('3.0.0');
        expect((await stage.status()).committed?.version).toBe('3.0.0');
      }, impatient()),
    150_000,
  );

  test(
    'a person may ask for it too',
    () =>
      server.play(async (stage) => {
        await partial(stage);
        stage.world.silent.clear();
        const end = await ended(await stage.recover({ kind: 'converge', adopt: null }));
        expect(end).toMatchObject({
          status: 'COMPLETED',
          result: { outcome: 'SUCCEEDED', serving: '2.0.0' },
        });
        expect((await stage.status()).quarantine).toBeNull();
      }, impatient()),
    150_000,
  );

  test(
    'evicting the host that stays dead ends the quarantine; it is neither deployed to nor counted until it rejoins',
    () =>
      server.play(async (stage) => {
        await partial(stage);
        const { world } = stage;
        const said = { host: 'web-2', by: 'ada', reason: 'its disk is gone' };
        await stage.entity().executeUpdate(messages.evict, { args: [said] });
        await until(async () => (await stage.status()).quarantine === null);
        world.releases = { ...world.releases, '4.0.0': release('4.0.0') };
        world.planned = { hosts: [{ name: 'web-1', address: '192.0.2.11', port: 22 }] };
        expect((await stage.deployed({ version: '4.0.0' })).result.outcome).toBe('SUCCEEDED');
        expect(world.of('plan').at(-1)?.input).toMatchObject({ grant: { evicted: ['web-2'] } });

        world.silent.clear();
        await stage.server.sleep('15m');
        await until(async () => (await stage.status()).evicted['web-2']?.withdrawn === true);
        expect(world.serving.get('web-2')).toBeNull();

        const back = await ended(await stage.recover({ kind: 'rejoin', host: 'web-2' }));
        expect(back.result.outcome).toBe('SUCCEEDED');
        expect((await stage.status()).evicted).toEqual({});
        expect(world.serving.get('web-2')).toBe(release('4.0.0').digest);
      }, impatient()),
    150_000,
  );

  test(
    'an eviction that makes no sense is refused to the caller’s face',
    () =>
      server.play(async (stage) => {
        await stage.deployed();
        const evict = (host: string): Promise<unknown> =>
          stage.entity().executeUpdate(messages.evict, { args: [{ host, by: 'ada', reason: 'test' }] });
        await expect(evict('web-9')).rejects.toMatchObject({
          cause: { message: expect.stringContaining('no host web-9') },
        });
        await evict('web-1');
        await expect(evict('web-2')).rejects.toMatchObject({
          cause: { message: expect.stringContaining('last host') },
        });
      }, impatient()),
    150_000,
  );

  test('a host that is evicted while it is waited for is waited for no longer', () => {
    const world = impatient();
    world.policy = policy({
      retries: { tries: 1, delaySeconds: 1 },
      compensation: { delaySeconds: 30, giveUpAfterSeconds: 86_400, stabiliseSeconds: 1 },
    });
    return server.play(async (stage) => {
      await stage.deployed();
      world.override = {
        check: () => Promise.resolve(UNHEALTHY),
        restore: (call) =>
          call.host.name === 'web-2' ? Promise.reject(failure('HOST_UNREACHABLE')) : world.restored(call),
      };
      const run = await stage.deploy({ version: '2.0.0' });
      await stage.called('restore', 2);
      await stage
        .entity()
        .executeUpdate(messages.evict, { args: [{ host: 'web-2', by: 'ada', reason: 'dead' }] });
      expect((await ended(run)).result.outcome).toBe('ROLLED_BACK_UNHEALTHY');
      expect((await stage.status()).quarantine).toBeNull();
    }, world);
  }, 150_000);
});

describe('a rollback by hand', () => {
  test(
    'goes to the release that was committed before, leaves one record and one incident, and is what serves from then on',
    () =>
      server.play(async (stage) => {
        await twoReleases(stage);
        const end = await ended(await stage.recover({ kind: 'rollback', to: null, components: null }));
        expect(end).toMatchObject({
          status: 'COMPLETED',
          result: { outcome: 'ROLLED_BACK', serving: '1.0.0', version: '1.0.0' },
        });
        expect(stage.world.everyHostServes(ONE)).toBe(true);
        expect(stage.world.records.at(-1)).toMatchObject({
          kind: 'rollback',
          version: '1.0.0',
          previousVersion: '2.0.0',
        });
        expect(stage.world.incidents).toEqual([
          expect.objectContaining({
            title: expect.stringMatching(/^\[Test-\d+ Rollback\] 2\.0\.0 → 1\.0\.0$/),
            failedVersion: '2.0.0',
          }),
        ]);
        expect(await stage.status()).toMatchObject({
          committed: { version: '1.0.0' },
          releases: [{ version: '1.0.0' }, { version: '2.0.0' }],
          holder: null,
        });
      }),
    150_000,
  );

  test(
    'to what never was is refused, before anything is changed',
    () =>
      server.play(async (stage) => {
        await twoReleases(stage);
        stage.world.override = {
          planRecovery: () => Promise.reject(failure('ROLLBACK_TARGET_UNKNOWN', 'no way back to 0.9.0')),
        };
        const end = await ended(await stage.recover({ kind: 'rollback', to: '0.9.0', components: null }));
        expect(end).toMatchObject({ code: 'ROLLBACK_TARGET_UNKNOWN', result: { outcome: 'REFUSED' } });
        expect(stage.world.of('restore')).toHaveLength(0);
      }),
    150_000,
  );

  test(
    'is let in while the environment is quarantined, and ends that',
    () =>
      server.play(async (stage) => {
        await partial(stage);
        stage.world.silent.clear();
        const end = await ended(await stage.recover({ kind: 'rollback', to: '1.0.0', components: null }));
        expect(end.result.outcome).toBe('ROLLED_BACK');
        expect(await stage.status()).toMatchObject({ quarantine: null, committed: { version: '1.0.0' } });
      }, impatient()),
    150_000,
  );

  test('goes before the deployments that wait', () => {
    const holding = gate();
    const world = new MockWorld();
    return server.play(async (stage) => {
      await twoReleases(stage);
      world.override = { stage: () => holding.passed };
      const first = await stage.deploy({ version: '1.0.0' });
      await stage.reached(first, 'deploying');
      const second = await stage.deploy({ version: '2.0.0' });
      await stage.reached(second, 'queued');
      const rollback = await stage.recover({ kind: 'rollback', to: null, components: null });
      await until(async () => (await stage.status()).queue[0]?.kind === 'rollback');
      holding.open();
      expect((await ended(rollback)).result.serving).toBe('2.0.0');
      expect((await ended(second)).result.outcome).toBe('SUCCEEDED');
    }, world);
  }, 150_000);

  test('that has begun is not stopped by an abort', () => {
    const going = gate();
    const world = new MockWorld();
    return server.play(async (stage) => {
      await twoReleases(stage);
      world.override = { restore: (call) => going.passed.then(() => world.restored(call)) };
      const rollback = await stage.recover({ kind: 'rollback', to: null, components: null });
      await stage.called('restore', 2);
      await rollback.signal(messages.abort, { by: 'ada', reason: 'changed my mind' });
      await rollback.cancel();
      going.open();
      expect((await ended(rollback)).result.outcome).toBe('ROLLED_BACK');
    }, world);
  }, 150_000);
});

test('a rollback that is terminated in the middle is finished by the environment', () => {
  const going = gate();
  const world = impatient();
  world.watcher = 'close';
  return server.play(async (stage) => {
    await twoReleases(stage);
    world.override = { restore: (call) => going.passed.then(() => world.restored(call)) };
    const rollback = await stage.recover({ kind: 'rollback', to: null, components: null });
    await stage.called('restore', 2);
    await rollback.terminate('test');
    going.open();
    await until(async () => (await stage.status()).holder === null);
    expect(world.everyHostServes(ONE)).toBe(true);
    expect(releaseOf(world.of('restore').at(-1))).toBe('1.0.0');
    expect((await stage.status()).committed?.version).toBe('1.0.0');
  }, world);
}, 150_000);
