import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { SwitchWish } from '../../src/domain/switches.js';
import type { CalendarWindow } from '../../src/domain/windows.js';
import * as messages from '../../src/workflows/messages.js';
import { APPROVAL, policy } from '../domain/release-fixtures.js';
import { gate, MockWorld, upgrade } from './mock-activities.js';
import { ended, TestServer, until, type Stage } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const LOOKS = ['validate', 'plan', 'record'];
const DISABLE: SwitchWish = { kind: 'disable', by: 'ada', reason: 'we look at web-1 by hand', until: null };
const ENABLE: SwitchWish = { kind: 'enable', by: 'ada', reason: 'web-1 is fine' };
const ALL_DAY: CalendarWindow = {
  name: 'every day',
  kind: 'weekly',
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '00:00',
  until: '24:00',
  nights: 0,
};
const OVERRIDE = 'customers can not pay';

/** A freeze around the present, whenever that is. */
function freeze(id = 'sale'): SwitchWish {
  return { kind: 'freeze', id, by: 'cleo', reason: 'the sale', from: '2020-01-01T00:00:00Z', until: '2099-01-01T00:00:00Z' }; // prettier-ignore
}

/** A world in which the calendar never allows a deployment, and the policy asks for no approval. */
function frozenByCalendar(world = upgrade()): MockWorld {
  world.policy = policy({ windows: { timezone: 'UTC', freeze: [ALL_DAY], allowed: [] } });
  return world;
}

/** What was said by whom an update was refused. */
async function refusal(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
  return error.cause?.message ?? '';
}

/** Names of what was done after 1.0.0 was deployed. */
async function afterFirst(stage: Stage): Promise<() => string[]> {
  await stage.deployed({ version: '1.0.0' });
  stage.world.calls.length = 0;
  return () => stage.world.story();
}

describe('a disabled environment', () => {
  test('holds a run back after all that changes nothing, and lets it in when it is enabled again', () =>
    server.play(async (stage) => {
      const story = await afterFirst(stage);
      await stage.flip(DISABLE);
      const end = await stage.deployed({ version: '2.0.0' });
      expect(end).toMatchObject({
        status: 'FAILED',
        code: 'ENVIRONMENT_DISABLED',
        result: { outcome: 'HELD_BACK', serving: '1.0.0', plan: { kind: 'deploy' } },
      });
      expect(end.message).toMatch(
        /^Nothing was changed: test-\d+ is disabled by ada since .* UTC, until somebody enables it: we look at web-1 by hand\. It would have gone from 1\.0\.0 \(\w+\) to 2\.0\.0 \(\w+\): 7 steps on 2 hosts, 1 migration\. To go on: safeguard enable test-\d+ --reason '…'$/,
      );
      expect(story()).toEqual(LOOKS);
      expect(stage.world.records.at(-1)).toMatchObject({ outcome: 'HELD_BACK', version: '2.0.0' });
      expect(stage.world.incidents).toEqual([]);
      expect(await stage.status()).toMatchObject({ holder: null, queue: [] });

      await stage.flip(ENABLE);
      expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('SUCCEEDED');
    }, planningMigration()), 150_000); // prettier-ignore

  test('that never had a run, too', () =>
    server.play(async (stage) => {
      await stage.flip(DISABLE);
      expect(await stage.deployed()).toMatchObject({ code: 'ENVIRONMENT_DISABLED' });
      expect(stage.world.story()).toEqual(LOOKS);
    }), 150_000); // prettier-ignore

  test('asks nobody for an approval', () => {
    const world = upgrade();
    world.policy = policy({ approval: { ...APPROVAL, required: true } });
    return server.play(async (stage) => {
      await stage.flip(DISABLE);
      expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('HELD_BACK');
      expect(world.of('enqueue')).toEqual([]);
      expect(world.records.at(-1)?.decisions).toEqual([]);
    }, world);
  }, 150_000);

  test('can not be overridden', () =>
    server.play(async (stage) => {
      await stage.flip(DISABLE);
      const end = await stage.deployed({ version: '2.0.0', override: OVERRIDE });
      expect(end).toMatchObject({ code: 'ENVIRONMENT_DISABLED', result: { outcome: 'HELD_BACK' } });
      expect(stage.world.of('enqueue')).toEqual([]);
    }), 150_000); // prettier-ignore

  test('does not stop a deployment that is under way', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const run = await stage.deploy({ version: '2.0.0' });
        await stage.called('migrate');
        await stage.flip(DISABLE);
        going.open();
        expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      },
      upgrade({ migrate: () => going.passed.then(() => []) }),
    );
  }, 150_000);

  test('holds back who waited in the queue meanwhile, and is free again', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const first = await stage.deploy({ version: '2.0.0' });
        await stage.called('migrate');
        const second = await stage.deploy({ version: '2.0.0' });
        await until(async () => (await stage.status()).queue.length === 1);
        await stage.flip(DISABLE);
        going.open();
        expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
        expect(await ended(second)).toMatchObject({ code: 'ENVIRONMENT_DISABLED' });
        await until(async () => (await stage.status()).holder === null);
        expect(stage.world.of('stage').map(({ token }) => token?.epoch)).toEqual([1, 1]);
      },
      upgrade({ migrate: () => going.passed.then(() => []) }),
    );
  }, 150_000);

  test('lets a rollback and a converge through, frozen as it is too', () =>
    server.play(async (stage) => {
      await stage.deployed({ version: '1.0.0' });
      await stage.deployed({ version: '2.0.0' });
      await stage.flip(DISABLE);
      await stage.flip({ ...DISABLE, kind: 'pause' });
      await stage.flip(freeze());
      const back = await ended(await stage.recover({ kind: 'rollback', to: '1.0.0', components: null }));
      expect(back.result).toMatchObject({ outcome: 'ROLLED_BACK', serving: '1.0.0' });
      expect((await ended(await stage.recover({ kind: 'converge', adopt: null }))).status).toBe('COMPLETED');
    }), 150_000); // prettier-ignore
});

/** A world without releases on its hosts, in which each deployment brings a migration. */
function planningMigration(): MockWorld {
  const world = new MockWorld();
  world.planned = { pendingMigrations: ['V2__fees.sql'] };
  return world;
}

describe('a switch', () => {
  test('is over when its time is, without anybody doing anything', () =>
    server.play(async (stage) => {
      await stage.deployed({ version: '1.0.0' });
      const time = Date.parse(new Date(await stage.server.currentTimeMs()).toISOString());
      await stage.flip({ ...DISABLE, until: new Date(time + 3_600_000).toISOString() });
      expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('HELD_BACK');
      // What the run said to the trail is kept.
      await until(async () => (await stage.status()).audit.outbox.length === 0);
      const before = (await stage.entity().describe()).historyLength;
      await stage.server.sleep('2h');
      expect((await stage.entity().describe()).historyLength).toBe(before);
      expect((await stage.deployed({ version: '2.0.0' })).result.outcome).toBe('SUCCEEDED');
    }), 150_000); // prettier-ignore

  test('is refused to the caller’s face', () =>
    server.play(async (stage) => {
      const flip = (wish: object): Promise<string> => refusal(stage.flip(wish as SwitchWish));
      expect(await flip({ ...DISABLE, reason: '' })).toMatch(/^Say who and why/);
      expect(await flip({ ...DISABLE, by: undefined })).toMatch(/^Say who and why/);
      expect(await flip({ ...DISABLE, until: 'tomorrow' })).toMatch(/^until is a time in UTC/);
      expect(await flip({ ...DISABLE, until: '2020-01-01T00:00:00Z' })).toMatch(/is over already/);
      expect(await flip(ENABLE)).toBe('It is enabled; nobody disabled it.');
      expect(await flip({ ...freeze(), from: '2100-01-01T00:00:00Z' })).toBe('A freeze ends after it begins.');
      expect(await flip({ ...ENABLE, kind: 'unfreeze', id: 'sale' })).toMatch(/^There is no freeze "sale"/);
      expect(await flip({ ...ENABLE, kind: 'explode' })).toMatch(/^A switch is to/);
      expect((await stage.status()).switches).toEqual({ disabled: null, paused: null, freezes: [] });
    }), 150_000); // prettier-ignore

  test('set again is as it was; two people hold by their own switches', () =>
    server.play(async (stage) => {
      const first = await stage.flip({ ...DISABLE, kind: 'pause' });
      expect(await stage.flip({ ...DISABLE, kind: 'pause' })).toEqual(first);
      await stage.flip(DISABLE);
      expect(await stage.deployed()).toMatchObject({ code: 'ENVIRONMENT_DISABLED' });
      await stage.flip(ENABLE);
      const paused = await stage.deployed();
      expect(paused.code).toBe('ENVIRONMENT_PAUSED');
      expect(paused.message).toContain('paused, with all environments, by ada');
      expect(paused.message).toContain("safeguard resume-all --reason '…'");
      await stage.flip({ ...ENABLE, kind: 'resume' });
      await stage.flip(freeze());
      const frozen = await stage.deployed();
      expect(frozen).toMatchObject({ code: 'ENVIRONMENT_FROZEN' });
      expect(frozen.message).toMatch(/frozen by cleo since .* until 2099-01-01 00:00 UTC: the sale/);
      await stage.flip({ ...ENABLE, kind: 'unfreeze', id: 'sale' });
      expect((await stage.deployed()).result.outcome).toBe('SUCCEEDED');
    }), 150_000); // prettier-ignore
});

describe('an override of the calendar', () => {
  test('asks for approval though the policy does not, by somebody else, and goes through', () =>
    server.play(async (stage) => {
      expect((await stage.deployed({ version: '2.0.0' })).code).toBe('ENVIRONMENT_FROZEN');
      const run = await stage.deploy({ version: '2.0.0', override: OVERRIDE });
      await stage.reached(run, 'awaiting-approval');
      expect(stage.world.of('enqueue')).toEqual([]);
      const own = refusal(run.executeUpdate(messages.approve, { args: [{ by: 'ada', comment: '' }] }));
      expect(await own).toContain('four eyes');
      await run.executeUpdate(messages.approve, { args: [{ by: 'ben', comment: 'they must pay' }] });
      expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      const plans = stage.world.records.at(-1);
      expect(plans?.decisions).toMatchObject([{ by: 'ben', verdict: 'approved', planHash: plans?.planHash }]);
    }, frozenByCalendar()), 150_000); // prettier-ignore

  test('asks when it is frozen only while the run waits for its place', () => {
    const going = gate();
    return server.play(
      async (stage) => {
        const first = await stage.deploy({ version: '2.0.0' });
        await stage.called('migrate');
        const run = await stage.deploy({ version: '2.0.0', override: OVERRIDE });
        await until(async () => (await stage.status()).queue.length === 1);
        await stage.flip(freeze());
        going.open();
        expect((await ended(first)).result.outcome).toBe('SUCCEEDED');
        await stage.reached(run, 'awaiting-approval');
        expect(await stage.status()).toMatchObject({ holder: null, queue: [] });
        await run.executeUpdate(messages.approve, { args: [{ by: 'ben', comment: 'they must pay' }] });
        expect((await ended(run)).result.outcome).toBe('SUCCEEDED');
      },
      upgrade({ migrate: () => going.passed.then(() => []) }),
    );
  }, 150_000);

  test('changes nothing where nothing is held', () =>
    server.play(async (stage) => {
      const end = await stage.deployed({ version: '2.0.0', override: OVERRIDE });
      expect(end.result.outcome).toBe('SUCCEEDED');
      expect(stage.world.records.at(-1)?.decisions).toEqual([]);
    }, upgrade()), 150_000); // prettier-ignore
});

describe('a dry run', () => {
  test('completes with what would be done, and takes nobody’s place', () =>
    server.play(async (stage) => {
      const story = await afterFirst(stage);
      const end = await stage.deployed({ version: '2.0.0', dryRun: true });
      expect(end).toMatchObject({ status: 'COMPLETED', result: { outcome: 'DRY_RUN', serving: '1.0.0' } });
      expect(end.message).toMatch(/^Nothing was changed: test-\d+ would go from .* to 2\.0\.0 \(\w+\): 7 steps/);
      expect(end.result.plan?.pendingMigrations).toEqual(['V2__fees.sql']);
      expect(story()).toEqual(LOOKS);
      expect(stage.world.of('enqueue')).toEqual([]);
    }, planningMigration()), 150_000); // prettier-ignore

  test('says that it would be held back, and what an override would need', () =>
    server.play(async (stage) => {
      const plain = await stage.deployed({ version: '2.0.0', dryRun: true });
      expect(plain.message).toContain('At present it would be held back: ');
      const over = await stage.deployed({ version: '2.0.0', dryRun: true, override: OVERRIDE });
      expect(over.message).toMatch(/ada overrides that: customers can not pay It would wait for approval\.$/);
      expect([plain.status, over.status]).toEqual(['COMPLETED', 'COMPLETED']);
    }, frozenByCalendar()), 150_000); // prettier-ignore
});
