import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { progress } from '../../src/workflows/messages.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus } from './lost-hosts.js';
import { runCli } from './run-cli.js';
import { overlaps, turnsOf } from './turns.js';
import { WorkerProcess } from './worker-process.js';

// Longer than ten runs take to come, on a slow machine too.
const SLOW = { misbehave: 'slow-start', seconds: 25 } as const;

let campus: CampusLab;
let worker: WorkerProcess;

beforeAll(async () => {
  campus = await CampusLab.open({ readyTimeout: '60s' });
  worker = await WorkerProcess.start(campus);
  await campus.release('1.0.0');
  await campus.release('2.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => expect(overlaps(await campus.records())).toEqual([]));
afterAll(async () => {
  await worker.signal('SIGKILL');
  await campus.close();
}, 60_000);

async function idOf(run: WorkflowHandle): Promise<string> {
  return (await run.query(progress)).deploymentId;
}

async function untilWaiting(count: number): Promise<void> {
  await until(`${count} wait`, async () => (await environmentStatus(campus)).queue.length === count);
}

/** Starts runs of one version one after the other; each waits when the next is started. */
async function startInOrder(version: string, count: number): Promise<WorkflowHandle[]> {
  const { length } = (await environmentStatus(campus)).queue;
  const runs: WorkflowHandle[] = [];
  for (let index = 1; index <= count; index += 1) {
    runs.push(await campus.start(version));
    await untilWaiting(length + index);
  }
  return runs;
}

async function outcomeOf(run: WorkflowHandle): Promise<string | undefined> {
  const id = await idOf(run);
  return (await campus.records()).find(({ deploymentId }) => deploymentId === id)?.outcome;
}

test('T024: twenty deployments from processes of their own at the same moment: one after the other, in the order in which they came', async () => {
  const COUNT = 20;
  const before = (await campus.records()).map(({ deploymentId }) => deploymentId);
  // Most find their release in place already; in between, some really deploy.
  const versions = Array.from({ length: COUNT }, (_, index) => (index % 10 === 0 ? '1.0.0' : '2.0.0'));
  const started = await Promise.all(
    versions.map((version) => runCli(campus, 'deploy', 'production', '--version', version)),
  );
  expect(started.map(({ exitCode }) => exitCode)).toEqual(versions.map(() => 0));

  const records = await until(
    'all have ended',
    async () => {
      const all = (await campus.records()).filter(({ deploymentId }) => !before.includes(deploymentId));
      return all.length === COUNT ? all : null;
    },
    180_000,
  );
  await until('the environment is free', async () => (await environmentStatus(campus)).holder === null);
  expect(new Set(records.map(({ outcome }) => outcome))).toEqual(new Set(['SUCCEEDED', 'NOOP']));
  const { joined, left } = await turnsOf(campus);
  expect(joined).toHaveLength(COUNT + before.length);
  expect(left).toEqual(joined);
  const last = records.find(({ deploymentId }) => deploymentId === left.at(-1));
  expect(await campus.servedEverywhere()).toBe(last?.version);
  // Which one came last is chance, and what follows needs the schema of 2.0.0.
  await campus.deploy('2.0.0');
}, 300_000);

test('T025: runs that wait are cancelled, terminated and aborted, and so is the running one; the others keep their order', async () => {
  await campus.release('3.0.0', { misbehave: 'slow-start', seconds: 60 });
  const running = await campus.start('3.0.0');
  await campus.untilStep(running, 'backend');
  const [cancelled, terminated, first, aborted, second] = await startInOrder('2.0.0', 5);
  if (!cancelled || !terminated || !first || !aborted || !second) throw new Error('not five');

  await cancelled.cancel();
  expect(await ended(cancelled)).toMatchObject({ status: 'CANCELLED', outcome: 'WITHDRAWN' });
  await campus.abort(aborted, 'not now');
  expect(await ended(aborted)).toMatchObject({ status: 'FAILED', outcome: 'WITHDRAWN' });
  await terminated.terminate('never mind');
  // It says nothing any more: it is gone at the latest when its turn comes.
  expect((await environmentStatus(campus)).holder?.version).toBe('3.0.0');
  expect((await campus.progress(running)).phase).toBe('deploying');
  await running.cancel();

  expect(await ended(running)).toMatchObject({ status: 'CANCELLED', outcome: 'ROLLED_BACK' });
  expect((await ended(first)).status).toBe('COMPLETED');
  expect((await ended(second)).status).toBe('COMPLETED');
  expect(await outcomeOf(terminated)).toBe('WITHDRAWN');
  expect(await outcomeOf(cancelled)).toBe('WITHDRAWN');
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  const { left } = await turnsOf(campus);
  const order = await Promise.all([cancelled, aborted, running, first, second].map(idOf));
  expect(left.filter((id) => order.includes(id))).toEqual(order);
}, 180_000);

test('the running one is terminated while others wait: it is undone first, then they take their turns', async () => {
  await campus.release('3.1.0', { misbehave: 'slow-start', seconds: 60 });
  const running = await campus.start('3.1.0');
  await campus.untilStep(running, 'backend');
  const waiting = await startInOrder('2.0.0', 2);
  await running.terminate('gone without a word');

  for (const run of waiting) expect((await ended(run)).status).toBe('COMPLETED');
  expect(await outcomeOf(running)).toBe('ROLLED_BACK');
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  const ids = await Promise.all(waiting.map(idOf));
  expect((await turnsOf(campus)).left.filter((id) => ids.includes(id))).toEqual(ids);
}, 180_000);

test('the server is killed while ten wait: they keep their order, and all end', async () => {
  await campus.release('4.0.0', SLOW);
  const running = await campus.start('4.0.0');
  await campus.untilStep(running, 'backend');
  const waiting = [...(await startInOrder('4.0.0', 9)), ...(await startInOrder('2.0.0', 1))];
  await campus.killServer();

  expect(await ended(running)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  for (const run of waiting) expect((await ended(run)).status).toBe('COMPLETED');
  const ids = await Promise.all([running, ...waiting].map(idOf));
  expect((await turnsOf(campus)).left.filter((id) => ids.includes(id))).toEqual(ids);
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);
