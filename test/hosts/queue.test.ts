import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { environmentWorkflowId, status } from '../../src/workflows/messages.js';
import { CampusLab, ended, until } from './campus-lab.js';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
}, 60_000);
afterAll(() => campus.close(), 60_000);

test('T024: two at once: one after the other, in order, and the second starts from what the first left', async () => {
  await campus.release('1.0.0');
  await campus.release('2.0.0');
  const first = await campus.start('1.0.0');
  await campus.untilStep(first, 'stage');
  const second = await campus.start('2.0.0');
  const environment = campus.client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  await until('the second waits', async () => (await environment.query(status)).queue.length === 1);
  expect((await environment.query(status)).holder?.version).toBe('1.0.0');

  expect(await ended(first)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await ended(second)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  // Decision 21. The second waited, and looked where it stands meanwhile.
  const lengths = [first, second].map(async (run) => (await run.fetchHistory()).events?.length);
  console.log(
    `events of a deployment to 3 hosts: ${(await Promise.all(lengths)).join(', and of one that waited: ')}`,
  );
  expect(await lengths[0]).toBeLessThanOrEqual(150);
  const records = await campus.records();
  const [one, two] = ['1.0.0', '2.0.0'].map((of) => records.find(({ version }) => version === of));
  expect(two?.previousVersion).toBe('1.0.0');
  expect(
    Date.parse(two?.steps.find((step) => step.title === 'stage')?.startedAt ?? ''),
  ).toBeGreaterThanOrEqual(Date.parse(one?.steps.at(-1)?.endedAt ?? ''));
}, 120_000);

test('the same version again converges a host that has drifted', async () => {
  await campus.lab.run('web-2', ['systemctl', 'stop', 'campus-production-backend.service']);
  expect(await campus.deploy('2.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 60_000);

test('an abort in the queue just leaves it', async () => {
  await campus.release('2.1.0', { misbehave: 'slow-start', seconds: 3 });
  await campus.release('2.2.0');
  const first = await campus.start('2.1.0');
  await campus.untilStep(first, 'backend');
  const second = await campus.start('2.2.0');
  await until('the second is queued', async () => (await campus.progress(second)).phase === 'queued');
  await campus.abort(second, 'not now');

  expect(await ended(second)).toMatchObject({ status: 'FAILED', outcome: 'WITHDRAWN' });
  expect(await ended(first)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.1.0');
}, 120_000);
