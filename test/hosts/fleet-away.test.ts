import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus, IMPATIENT, untilRuns } from './lost-hosts.js';
import { WorkerProcess } from './worker-process.js';

/** All of them pass while there is no worker. */
const LIMITS = { step: '10s', run: '20s', rollback: '5s', stabilise: '1s', lease: '8s' };
const LONGEST_MS = 20_000;

let campus: CampusLab;
let fleet: WorkerProcess[] = [];

async function startFleet(): Promise<void> {
  fleet = await Promise.all([WorkerProcess.start(campus), WorkerProcess.start(campus)]);
}

beforeAll(async () => {
  campus = await CampusLab.open({ policy: { ...IMPATIENT, limits: LIMITS }, readyTimeout: '60s' });
  await startFleet();
  await campus.release('1.0.0');
  await campus.release('1.1.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterAll(async () => {
  for (const one of fleet) await one.signal('SIGKILL');
  await campus.close();
}, 60_000);

test('the whole fleet is away for longer than lease, step and run may take: the hosts are at one meanwhile, and the queue goes on', async () => {
  await campus.release('2.0.0', { misbehave: 'slow-start', seconds: 120 });
  const begun = Date.now();
  const running = await campus.start('2.0.0');
  await untilRuns(campus, '2.0.0', campus.webHosts);
  const first = await campus.start('1.1.0');
  // Each judges its release before it joins, and who joins first comes first.
  await until('one waits', async () => (await environmentStatus(campus)).queue.length === 1);
  const second = await campus.start('1.0.0');
  await until('two wait', async () => (await environmentStatus(campus)).queue.length === 2);
  for (const one of fleet) await one.signal('SIGKILL');

  // Nobody tells them: their leases run out.
  await until('every host is back', async () => (await campus.servedEverywhere()) === '1.0.0');
  const late = await campus.start('1.1.0');
  await until('every limit is over', () => Promise.resolve(Date.now() - begun > LONGEST_MS + 5_000));
  expect((await running.describe()).status.name).toBe('RUNNING');
  await startFleet();

  expect(await ended(running)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await ended(first)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await ended(second)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await ended(late)).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.1.0');
  const records = (await campus.records()).filter(({ version }) => version === '2.0.0');
  expect(records.map(({ outcome }) => outcome)).toEqual(['ROLLED_BACK']);
  expect((await campus.incidents()).filter(({ failedVersion }) => failedVersion === '2.0.0')).toHaveLength(1);
  expect(await environmentStatus(campus)).toMatchObject({ holder: null, queue: [], quarantine: null });
}, 240_000);
