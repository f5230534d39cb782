import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterAll(() => campus.close(), 60_000);

test('T064: an abort in the middle of the backend step brings every host back', async () => {
  await campus.release('2.0.0', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('2.0.0');
  await campus.untilStep(run, 'backend');
  await until('a host runs the new backend', async () => (await campus.serving('web-1')).backend !== '1.0.0');
  await campus.abort(run, 'pages all over');

  const end = await ended(run);
  expect(end).toMatchObject({ status: 'FAILED', result: { outcome: 'ROLLED_BACK', serving: '1.0.0' } });
  expect(end.message).toContain('every host serves 1.0.0');
  expect(end.message).toContain('Aborted by on-call: pages all over.');
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await campus.sql('select max(version) from flyway_schema_history')).toBe('1');
}, 120_000);

test('it leaves exactly one record and one incident', async () => {
  const records = await campus.records();
  expect(records.map((record) => record.outcome)).toEqual(['SUCCEEDED', 'ROLLED_BACK']);
  expect(records[1]?.interruption).toMatchObject({ kind: 'abort', by: 'on-call', reason: 'pages all over' });
  const incidents = await campus.incidents();
  expect(incidents.map((incident) => incident.title)).toEqual(['[Production Rollback] 2.0.0 → 1.0.0']);
}, 30_000);

test('T025: Cancel in the Web UI does the same, and the run counts as cancelled', async () => {
  await campus.release('2.0.1', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('2.0.1');
  await campus.untilStep(run, 'backend');
  await run.cancel();

  expect(await ended(run)).toMatchObject({ status: 'CANCELLED', outcome: 'ROLLED_BACK' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 120_000);

test('a run that is terminated is undone by its environment, and the next one gets through', async () => {
  await campus.release('2.0.2', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('2.0.2');
  await campus.untilStep(run, 'backend');
  // Ansible takes some seconds to begin; a run that has changed nothing by then is withdrawn.
  await until('a host runs the new backend', async () => (await campus.serving('web-1')).backend !== '1.0.0');
  await run.terminate('gone without a word');
  await campus.release('2.1.0');
  const next = await campus.deploy('2.1.0');

  expect(next).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED' } });
  expect(await campus.servedEverywhere()).toBe('2.1.0');
  const records = await campus.records();
  expect(records.map((record) => [record.version, record.outcome])).toEqual([
    ['1.0.0', 'SUCCEEDED'],
    ['2.0.0', 'ROLLED_BACK'],
    ['2.0.1', 'ROLLED_BACK'],
    ['2.0.2', 'ROLLED_BACK'],
    ['2.1.0', 'SUCCEEDED'],
  ]);
}, 120_000);
