import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus, inspect } from './direct.js';
import { Gate } from './gate.js';
import { HostFacts } from './host-facts.js';
import { SOON } from './policy.js';
import { resetTo } from './resets.js';

const TOLD: unknown = expect.stringMatching(/was reset after it had been given the environment/);

let campus: CampusLab;
let gate: Gate;
let hosts: HostFacts[];

/** Of hosts at rest. */
async function snapshots(): Promise<string[]> {
  await Promise.all(hosts.map((host) => host.untilUnwatched()));
  return Promise.all(hosts.map((host) => host.snapshot()));
}

/** Outcomes of the records that were written for a run, by whichever workflow. */
async function recordsOf(run: WorkflowHandle): Promise<string[]> {
  const records = await campus.records();
  return records
    .filter(({ deploymentId }) => run.workflowId.endsWith(`/${deploymentId}`))
    .map(({ outcome }) => outcome);
}

async function assertHarmless(run: WorkflowHandle, version: string): Promise<void> {
  await until('the environment is free', async () => (await environmentStatus(campus)).holder === null);
  expect(await campus.servedEverywhere()).toBe(version);
  expect((await environmentStatus(campus)).quarantine).toBeNull();
  expect((await environmentStatus(campus)).committed?.version).toBe(version);
  expect(await recordsOf(run)).toHaveLength(1);
  for (const host of hosts) {
    const { intent, committedVersion, withheld } = await inspect(campus, host.host);
    expect({ intent, committedVersion, withheld }).toEqual({
      intent: null,
      committedVersion: version,
      withheld: null,
    });
  }
}

beforeAll(async () => {
  campus = await CampusLab.open({ policy: SOON });
  hosts = campus.webHosts.map((host) => new HostFacts(campus.lab, host));
  gate = new Gate();
  await campus.startWorker(gate.instead);
  await campus.release('2.2.0');
  await campus.deploy('2.2.0');
}, 120_000);
afterAll(async () => {
  gate.open();
  await campus.close();
  await gate.close();
}, 60_000);

describe('a run that is reset, as in the Web UI,', () => {
  test('in the middle of its backend step: every host is brought back, and what it still sends is refused', async () => {
    await campus.release('3.0.0');
    const activation = gate.hold('activate', 'web-1');
    const run = await campus.start('3.0.0');
    await activation.reached;
    await until('web-2 runs 3.0.0', async () => (await campus.serving('web-2')).backend === '3.0.0');
    const again = await resetTo(campus, run, 'activate');

    expect(await ended(again)).toMatchObject({ status: 'FAILED', outcome: 'REFUSED', message: TOLD });
    await assertHarmless(run, '2.2.0');
    expect(await recordsOf(run)).toEqual(['ROLLED_BACK']);
    const before = await snapshots();
    expect(await activation.letGo()).toBe('FENCED');
    expect(await snapshots()).toEqual(before);
  }, 120_000);

  test('after it has succeeded: nothing is touched', async () => {
    await campus.release('3.1.0');
    const run = await campus.start('3.1.0');
    expect(await ended(run)).toMatchObject({ outcome: 'SUCCEEDED' });
    const before = await snapshots();
    const again = await resetTo(campus, run, 'activate');

    expect(await ended(again)).toMatchObject({ status: 'FAILED', outcome: 'REFUSED', message: TOLD });
    expect(await snapshots()).toEqual(before);
    await assertHarmless(run, '3.1.0');
    expect(await recordsOf(run)).toEqual(['SUCCEEDED']);
  }, 120_000);

  test('after it has succeeded, to its very beginning: nothing is touched either', async () => {
    await campus.release('3.1.1');
    const run = await campus.start('3.1.1');
    expect(await ended(run)).toMatchObject({ outcome: 'SUCCEEDED' });
    const before = await snapshots();
    const again = await resetTo(campus, run, 'validate');

    expect(await ended(again)).toMatchObject({ status: 'FAILED', outcome: 'REFUSED', message: TOLD });
    expect(await snapshots()).toEqual(before);
    await assertHarmless(run, '3.1.1');
  }, 120_000);

  test('while it waits for its turn: it goes on waiting, and deploys', async () => {
    await campus.release('3.2.0');
    await campus.release('3.3.0');
    const activation = gate.hold('activate', 'web-1');
    const first = await campus.start('3.2.0');
    await activation.reached;
    const second = await campus.start('3.3.0');
    await until('it waits', async () => (await environmentStatus(campus)).queue.length === 1);
    const again = await resetTo(campus, second, 'enqueue');
    const { runId } = await again.describe();
    await until(
      'the run that goes on waits',
      async () => (await environmentStatus(campus)).queue[0]?.runId === runId,
    );
    await activation.letGo();

    expect(await ended(first)).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(await ended(again)).toMatchObject({ outcome: 'SUCCEEDED' });
    await assertHarmless(second, '3.3.0');
  }, 120_000);

  test('on its way back: the environment finishes that without it', async () => {
    await campus.release('3.4.0', { misbehave: 'wrong-version' });
    const restoration = gate.hold('restore', 'web-1');
    const run = await campus.start('3.4.0');
    await restoration.reached;
    const again = await resetTo(campus, run, 'activate');

    expect(await ended(again)).toMatchObject({ status: 'FAILED', outcome: 'REFUSED', message: TOLD });
    await assertHarmless(run, '3.3.0');
    expect(await recordsOf(run)).toEqual(['ROLLED_BACK']);
    const before = await snapshots();
    expect(await restoration.letGo()).toBe('FENCED');
    expect(await snapshots()).toEqual(before);
  }, 120_000);
});
