import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { CampusLab, ended, until } from './campus-lab.js';
import {
  environmentStatus,
  healAll,
  holdChanges,
  IMPATIENT,
  untilAtPeace,
  untilOnHost,
  untilRuns,
} from './lost-hosts.js';

const SLOW = { misbehave: 'slow-start', seconds: 60 } as const;
const LIMITS = { ...IMPATIENT.limits, rollback: '60s', lease: '60s' };

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: { ...IMPATIENT, limits: LIMITS }, readyTimeout: '60s' });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(() => healAll(campus), 60_000);
afterAll(() => campus.close(), 60_000);

/** What a run that was terminated left behind, when its environment has cleaned up after it. */
async function leftBy(version: string): Promise<{ records: string[]; incidents: number; serving: string }> {
  await until('the environment has noticed', async () =>
    (await environmentStatus(campus)).history.some((run) => run.version === version),
  );
  await untilAtPeace(campus);
  const records = (await campus.records()).filter((record) => record.version === version);
  const incidents = (await campus.incidents()).filter(({ failedVersion }) => failedVersion === version);
  return {
    records: records.map(({ outcome }) => outcome),
    incidents: incidents.length,
    serving: await campus.servedEverywhere(),
  };
}

async function untilPhase(run: WorkflowHandle, wanted: string): Promise<void> {
  await until(`the run is ${wanted}`, async () => (await campus.progress(run)).phase === wanted);
}

test('in the queue', async () => {
  await campus.release('1.1.0', { misbehave: 'slow-start', seconds: 4 });
  const first = await campus.start('1.1.0');
  await campus.untilStep(first, 'stage');
  await campus.release('1.2.0');
  const run = await campus.start('1.2.0');
  await until('it waits', async () => (await environmentStatus(campus)).queue.length === 1);
  await run.terminate('test');
  expect(await ended(first)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await leftBy('1.2.0')).toEqual({ records: ['WITHDRAWN'], incidents: 0, serving: '1.1.0' });
}, 120_000);

test('while it stages: nothing that serves was changed, so it is no incident', async () => {
  await campus.release('1.3.0');
  const letGo = await Promise.all(campus.webHosts.map((host) => holdChanges(campus, host)));
  const run = await campus.start('1.3.0');
  await campus.untilStep(run, 'stage');
  await run.terminate('test');
  await Promise.all(letGo.map((goOn) => goOn()));
  expect(await leftBy('1.3.0')).toEqual({ records: ['WITHDRAWN'], incidents: 0, serving: '1.1.0' });
  expect((await campus.records()).at(-1)?.forensics).toEqual([]);
}, 120_000);

test('in the health checks', async () => {
  await campus.release('1.4.0');
  const run = await campus.start('1.4.0');
  await campus.untilStep(run, 'health checks');
  await run.terminate('test');
  expect(await leftBy('1.4.0')).toEqual({ records: ['ROLLED_BACK'], incidents: 1, serving: '1.1.0' });
  expect((await campus.incidents()).at(-1)?.advice).toMatch(/terminated/);
}, 120_000);

test('when some hosts have voted', async () => {
  await campus.release('1.5.0');
  const run = await campus.start('1.5.0');
  await campus.untilStep(run, 'health checks');
  const letVote = await holdChanges(campus, 'web-1');
  await untilOnHost(campus, run, 'read back', 'web-3');
  await run.terminate('test');
  await letVote();
  expect(await leftBy('1.5.0')).toEqual({ records: ['ROLLED_BACK'], incidents: 1, serving: '1.1.0' });
}, 120_000);

test('when some hosts have committed: it is finished, not undone', async () => {
  await campus.release('1.6.0');
  const run = await campus.start('1.6.0');
  await campus.untilStep(run, 'health checks');
  const letVote = await holdChanges(campus, 'web-2');
  await untilOnHost(campus, run, 'read back', 'web-1');
  const letCommit = await holdChanges(campus, 'web-1');
  await letVote();
  await untilPhase(run, 'committing');
  await untilOnHost(campus, run, 'commit', 'web-2');
  await run.terminate('test');
  await letCommit();
  expect(await leftBy('1.6.0')).toEqual({ records: ['SUCCEEDED'], incidents: 0, serving: '1.6.0' });
}, 120_000);

test('on its way back, and the next deployment goes through', async () => {
  await campus.release('1.7.0', SLOW);
  const run = await campus.start('1.7.0');
  await untilRuns(campus, '1.7.0', campus.webHosts);
  const letGo = await holdChanges(campus, 'web-1');
  await campus.abort(run, 'pages all over');
  await until('some hosts are restored', async () =>
    (await campus.progress(run)).steps.some(
      ({ title, hosts }) => title.startsWith('restore') && hosts['web-2'] === 'done',
    ),
  );
  await run.terminate('test');
  await letGo();
  expect(await leftBy('1.7.0')).toEqual({ records: ['ROLLED_BACK'], incidents: 1, serving: '1.6.0' });
  await campus.release('1.8.0');
  expect(await campus.deploy('1.8.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.8.0');
}, 120_000);
