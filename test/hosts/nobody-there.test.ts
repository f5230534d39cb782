import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus, healAll, holdChanges, IMPATIENT, untilRuns } from './lost-hosts.js';
import { WorkerProcess } from './worker-process.js';

/** Shorter than workers are away. */
const LIMITS = { step: '60s', rollback: '5s', stabilise: '1s', lease: '8s' };
const PATIENCE_MS = 5_000;
const SLOW = { misbehave: 'slow-start', seconds: 60 } as const;

let campus: CampusLab;
let worker: WorkerProcess;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: { ...IMPATIENT, limits: LIMITS }, readyTimeout: '60s' });
  worker = await WorkerProcess.start(campus);
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(() => healAll(campus), 60_000);
afterAll(async () => {
  await worker.signal('SIGKILL');
  await campus.close();
}, 60_000);

async function untilEveryHostIsBack(): Promise<void> {
  await until('every host is back', async () => (await campus.servedEverywhere()) === '1.0.0');
}

async function outcomesOf(version: string): Promise<string[]> {
  const records = await campus.records();
  return records.filter((record) => record.version === version).map(({ outcome }) => outcome);
}

async function incidentsOf(version: string) {
  return (await campus.incidents()).filter(({ failedVersion }) => failedVersion === version);
}

/** How many activities of a run have failed until now. */
async function failuresIn(run: WorkflowHandle): Promise<number> {
  const { events } = await run.fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskFailedEventAttributes).length;
}

test('all workers gone in the backend step: the hosts go back by themselves, and the run says so when one is back', async () => {
  await campus.release('1.1.0', SLOW);
  const run = await campus.start('1.1.0');
  await untilRuns(campus, '1.1.0', campus.webHosts);
  await worker.signal('SIGKILL');
  await untilEveryHostIsBack();

  worker = await WorkerProcess.start(campus);
  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await outcomesOf('1.1.0')).toEqual(['ROLLED_BACK']);
  expect(await incidentsOf('1.1.0')).toHaveLength(1);
}, 180_000);

test('all workers gone on the way back for longer than its patience: that is no reason for PARTIAL', async () => {
  await campus.release('1.2.0', SLOW);
  const run = await campus.start('1.2.0');
  await untilRuns(campus, '1.2.0', campus.webHosts);
  const goOn = await holdChanges(campus, 'web-2');
  await campus.abort(run, 'pages all over');
  await until('the way back is under way', async () =>
    (await campus.progress(run)).steps.some(({ title }) => title.startsWith('restore')),
  );
  await worker.signal('SIGKILL');
  const goneAt = Date.now();
  await until('patience is over', () => Promise.resolve(Date.now() - goneAt > PATIENCE_MS * 2));
  await goOn();
  await untilEveryHostIsBack();

  // The first try after that fails, and must not be the last.
  const before = await failuresIn(run);
  await campus.lab.fault('web-2', 'cut');
  worker = await WorkerProcess.start(campus);
  await until('a try has failed', async () => (await failuresIn(run)) > before);
  await campus.lab.fault('web-2', 'heal');
  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await outcomesOf('1.2.0')).toEqual(['ROLLED_BACK']);
  expect(await incidentsOf('1.2.0')).toHaveLength(1);
  expect((await environmentStatus(campus)).quarantine).toBeNull();
}, 180_000);

test('a run that is terminated while no worker is there is cleaned up after when one is back', async () => {
  await campus.release('1.3.0', SLOW);
  const run = await campus.start('1.3.0');
  await untilRuns(campus, '1.3.0', campus.webHosts);
  await worker.signal('SIGKILL');
  await run.terminate('nobody was there');
  await untilEveryHostIsBack();

  worker = await WorkerProcess.start(campus);
  await until('the environment is free', async () => (await environmentStatus(campus)).holder === null);
  const record = (await campus.records()).at(-1);
  expect(record).toMatchObject({
    version: '1.3.0',
    outcome: 'ROLLED_BACK',
    interruption: { kind: 'holder-gone' },
    failure: { code: 'RUN_TERMINATED' },
  });
  expect(await outcomesOf('1.3.0')).toEqual(['ROLLED_BACK']);
  expect(await incidentsOf('1.3.0')).toMatchObject([{ advice: expect.stringContaining('terminated') }]);
  await campus.release('1.4.0');
  expect(await campus.deploy('1.4.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.4.0');
}, 180_000);
