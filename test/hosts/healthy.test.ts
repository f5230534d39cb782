import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CampusLab } from './campus-lab.js';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
}, 60_000);
afterAll(() => campus.close(), 60_000);

test('T022: a first release is brought to every host, with its migration', async () => {
  await campus.release('1.0.0');
  const run = await campus.deploy('1.0.0');

  expect(run.message).toMatch(/^1\.0\.0 \([0-9a-f]{8}\) serves on all \d hosts\.$/);
  expect(run).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED', serving: '1.0.0' } });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await campus.sql('select version from flyway_schema_history where success')).toBe('1');
}, 120_000);

test('the next release replaces it', async () => {
  await campus.release('2.0.0');
  const run = await campus.deploy('2.0.0');

  expect(run).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED', serving: '2.0.0' } });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 120_000);
