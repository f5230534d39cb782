import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';
import {
  environmentStatus,
  healAll,
  holdChanges,
  IMPATIENT,
  inspectHost,
  untilAtPeace,
  untilOnHost,
  untilRuns,
} from './lost-hosts.js';
import { OutsideWatch } from './outside-watch.js';

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: IMPATIENT });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(() => healAll(campus), 60_000);
afterAll(() => campus.close(), 60_000);

test('a host that dies in the backend step and stays dead makes the run PARTIAL, with one incident', async () => {
  await campus.release('1.1.0', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('1.1.0');
  await untilRuns(campus, '1.1.0', ['web-2']);
  await campus.lab.fault('web-2', 'power-loss');
  await campus.abort(run, 'web-2 is gone');

  const end = await ended(run);
  expect(end).toMatchObject({ status: 'FAILED', outcome: 'PARTIAL' });
  expect(end.message).toContain('web-2');
  const { quarantine } = await environmentStatus(campus);
  expect(quarantine).toMatchObject({ lost: ['web-2'], reason: expect.stringContaining('web-2') });
  const records = await campus.records();
  expect(records.map(({ outcome }) => outcome)).toEqual(['SUCCEEDED', 'PARTIAL']);
  expect((await campus.incidents()).map(({ outcome }) => outcome)).toEqual(['PARTIAL']);
  await campus.release('1.2.0');
  const next = await campus.deploy('1.2.0');
  expect(next).toMatchObject({ status: 'FAILED', outcome: 'REFUSED' });
  expect(next.message).toContain('quarantined');

  const watch = new OutsideWatch(campus.lab.host('web-2').address);
  await campus.lab.fault('web-2', 'start');
  await untilAtPeace(campus);
  await until('web-2 serves', () => Promise.resolve(watch.servesWhole));
  await watch.stop();
  expect(watch.versions).toEqual(['1.0.0']);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await campus.deploy('1.2.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.2.0');
}, 240_000);

test('a host that dies between the commit of the others and its own starts nothing until it is told', async () => {
  await campus.release('1.3.0');
  const run = await campus.start('1.3.0');
  await campus.untilStep(run, 'health checks');
  const letVote = await holdChanges(campus, 'web-1');
  await untilOnHost(campus, run, 'read back', 'web-3');
  await campus.lab.fault('web-3', 'power-loss');
  await letVote();

  const end = await ended(run);
  expect(end).toMatchObject({ status: 'FAILED', outcome: 'PARTIAL' });
  expect(end.message).toContain('1.3.0 was committed');
  await campus.stopWorker();
  const watch = new OutsideWatch(campus.lab.host('web-3').address);
  await campus.lab.fault('web-3', 'start');
  await until('the boot gate was passed', async () => {
    const { stdout } = await campus.lab.run('web-3', ['systemctl', 'is-active', 'nginx.service']);
    return stdout.trim() === 'active';
  });
  const { committedVersion, intent, withheld } = await inspectHost(campus, 'web-3');
  expect(committedVersion).not.toBe('1.3.0');
  expect(intent).toMatchObject({ prepared: true });
  expect(withheld).toContain('may have committed');
  expect(watch.versions).toEqual([]);

  await campus.startWorker();
  await untilAtPeace(campus);
  await until('web-3 serves', () => Promise.resolve(watch.servesWhole));
  await watch.stop();
  expect(watch.versions).toEqual(['1.3.0']);
  expect(await campus.servedEverywhere()).toBe('1.3.0');
}, 240_000);
