import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';
import { WorkerProcess } from './worker-process.js';

let campus: CampusLab;
const workers: WorkerProcess[] = [];

async function worker(): Promise<WorkerProcess> {
  const started = await WorkerProcess.start(campus);
  workers.push(started);
  return started;
}

beforeAll(async () => {
  campus = await CampusLab.open();
  await worker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(async () => {
  for (const one of workers.splice(0)) await one.signal('SIGKILL');
}, 30_000);
afterAll(() => campus.close(), 60_000);

test('a worker killed in the middle of the backend step: another one finishes the run', async () => {
  const first = await worker();
  await campus.release('2.0.0', { misbehave: 'slow-start', seconds: 5 });
  const run = await campus.start('2.0.0');
  await campus.untilStep(run, 'backend');
  await until('a host runs the new backend', async () => (await campus.serving('web-1')).backend !== '1.0.0');
  await first.signal('SIGKILL');
  await worker();

  expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 120_000);

test('a worker killed on the way back: another one brings every host back', async () => {
  const first = await worker();
  await campus.release('2.1.0', { misbehave: 'wrong-version' });
  const run = await campus.start('2.1.0');
  await until('on the way back', async () => (await campus.progress(run)).phase === 'rolling-back');
  await first.signal('SIGKILL');
  await worker();

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  expect((await campus.incidents()).filter((one) => one.failedVersion === '2.1.0')).toHaveLength(1);
}, 120_000);

test('the server killed in the middle: the run goes on when it is back', async () => {
  await worker();
  await campus.release('2.2.0', { misbehave: 'slow-start', seconds: 4 });
  const run = await campus.start('2.2.0');
  await campus.untilStep(run, 'backend');
  await campus.killServer();

  expect(await ended(run)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.2.0');
  expect((await campus.records()).filter((one) => one.version === '2.2.0')).toHaveLength(1);
}, 120_000);
