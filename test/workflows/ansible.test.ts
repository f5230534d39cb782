import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Activities } from '../../src/activities/index.js';
import { computePlan, type PlannedStep } from '../../src/domain/plan.js';
import { planInput, policy, release } from '../domain/release-fixtures.js';
import { failure, upgrade, type MockWorld } from './mock-activities.js';
import { UNHEALTHY } from './reports.js';
import { ended, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, 300_000);
afterAll(() => server.stop());

const PLAYED = { transport: 'ansible' } as const;

/** A world whose plans have Ansible carry the backend. */
function played(override: Partial<Activities> = {}): MockWorld {
  const world = upgrade(override);
  const to = release('2.0.0');
  const steps: readonly PlannedStep[] = computePlan(planInput({ to, played: { backend: PLAYED } })).steps;
  world.planned = { steps };
  return world;
}

describe('a dry run in which Ansible has a part', () => {
  test('has it go through that part in check mode on every host, and answers what it said', () => {
    const rehearse: Activities['rehearse'] = ({ host, components }) =>
      Promise.resolve({
        host: host.name,
        would: Object.fromEntries(components.map((name) => [name, [`starts ${name}`]])),
      });
    return server.play(async (stage) => {
      await stage.deployed();
      const { status, result } = await stage.deployed({ version: '2.0.0', dryRun: true });
      expect({ status, outcome: result.outcome }).toEqual({ status: 'COMPLETED', outcome: 'DRY_RUN' });
      expect(result.rehearsal).toEqual([
        { host: 'web-1', would: { backend: ['starts backend'] } },
        { host: 'web-2', would: { backend: ['starts backend'] } },
      ]);
    }, played({ rehearse }));
  }, 150_000);

  test('is refused with what Ansible found', () => {
    const rehearse = (): Promise<never> =>
      Promise.reject(failure('ANSIBLE_FAILED', 'the task "drain" failed'));
    return server.play(async (stage) => {
      await stage.deployed();
      const end = await stage.deployed({ version: '2.0.0', dryRun: true });
      expect(end).toMatchObject({ status: 'FAILED', result: { outcome: 'REFUSED' } });
      expect(end.message).toContain('the task "drain" failed');
    }, played({ rehearse }));
  }, 150_000);
});

test('a playbook that could not be undone is PARTIAL, though every host serves the old release, until it is undone', () => {
  let mended = false;
  const world: MockWorld = played({
    check: () =>
      Promise.resolve(
        world.everyHostServes(release('2.0.0')) ? UNHEALTHY : { ...UNHEALTHY, healthy: true, failed: [] },
      ),
    restore: async (call) => {
      await world.restored(call);
      if (call.leaves === '2.0.0' && call.host.name === 'web-2' && !mended)
        throw failure('ANSIBLE_FAILED', 'web-2: the task "undrain" failed');
      return { changed: true, notReady: null };
    },
  });
  world.policy = policy({
    retries: { tries: 1, delaySeconds: 1 },
    compensation: { delaySeconds: 1, giveUpAfterSeconds: 20, stabiliseSeconds: 1 },
  });
  return server.play(async (stage) => {
    await stage.deployed();
    const end = await stage.deployed({ version: '2.0.0' });
    expect(end.result.outcome).toBe('PARTIAL');
    expect(end.message).toContain('web-2: the task "undrain" failed');
    expect(world.everyHostServes(release('1.0.0'))).toBe(true);

    const again = await ended(await stage.recover({ kind: 'converge', adopt: null }));
    expect(again.result.outcome).toBe('PARTIAL');
    mended = true;
    const last = await ended(await stage.recover({ kind: 'converge', adopt: null }));
    expect(last.result.outcome).toBe('SUCCEEDED');
    expect((await stage.status()).quarantine).toBeNull();
  }, world);
}, 150_000);
