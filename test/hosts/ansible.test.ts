import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';

// The same program, carried by ansible-playbook.
let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ carriedOut: { transport: 'ansible' } });
  await campus.startWorker();
}, 60_000);
afterAll(() => campus.close(), 60_000);

test('a release is brought to every host, and the next one replaces it', async () => {
  await campus.release('1.0.0');
  const first = await campus.deploy('1.0.0');
  expect(first.message).toMatch(/serves on all/);
  expect(first).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  await campus.release('2.0.0');
  expect(await campus.deploy('2.0.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);

test('an abort ends Ansible, and every host goes back', async () => {
  await campus.release('2.1.0', { misbehave: 'never-healthy' });
  const run = await campus.start('2.1.0');
  await until('a host runs the new backend', async () => (await campus.serving('web-1')).backend !== '2.0.0');
  await campus.abort(run, 'enough');

  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 240_000);
