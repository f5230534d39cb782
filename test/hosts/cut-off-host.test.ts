import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { CampusLab, ended, until } from './campus-lab.js';
import { healAll, IMPATIENT, inspectHost, untilAtPeace, untilRuns } from './lost-hosts.js';
import { OutsideWatch } from './outside-watch.js';

const LEASE_SECONDS = 15;
/** How long a host that was frozen for longer than its lease may go on with what was never committed. */
const STALE_MS = 2_000;

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: IMPATIENT });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
afterEach(() => healAll(campus), 60_000);
afterAll(() => campus.close(), 60_000);

test('a host that is frozen with the new release goes back at once when it is thawed after its lease', async () => {
  await campus.release('1.1.0', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('1.1.0');
  await untilRuns(campus, '1.1.0', campus.webHosts);
  const frozenAt = Date.now();
  await campus.lab.fault('web-2', 'pause');
  await campus.abort(run, 'web-2 hangs');
  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'PARTIAL' });
  // Nobody is there who could tell it.
  await campus.stopWorker();
  await until('its lease is over', () => Promise.resolve(Date.now() - frozenAt > LEASE_SECONDS * 1000));

  const watch = new OutsideWatch(campus.lab.host('web-2').address);
  const thawedAt = Date.now();
  await campus.lab.fault('web-2', 'resume');
  await until('web-2 serves the committed release', () =>
    Promise.resolve(watch.answers.some(({ part, version }) => part === 'backend' && version === '1.0.0')),
  );
  const heard = await watch.stop();
  const stale = heard.filter(({ version }) => version !== '1.0.0').map(({ at }) => at - thawedAt);
  const longest = Math.max(0, ...stale);
  process.stdout.write(`uncommitted release: last answer ${longest} ms after the thaw, of ${stale.length}\n`);
  expect(longest).toBeLessThan(STALE_MS);
  expect((await inspectHost(campus, 'web-2')).lapsed).not.toBeNull();

  await campus.startWorker();
  await untilAtPeace(campus);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
}, 240_000);

test('a host that is cut off with the new release goes back by itself while it still is', async () => {
  await campus.release('1.2.0', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('1.2.0');
  await untilRuns(campus, '1.2.0', ['web-3']);
  await campus.lab.fault('web-3', 'cut');
  await until('web-3 is back by itself', async () => (await campus.serving('web-3')).backend === '1.0.0');
  expect((await campus.lab.status()).find(({ host }) => host.name === 'web-3')?.state).toBe('cut');
  const seen = await inspectHost(campus, 'web-3');
  expect(seen).toMatchObject({ intent: null, withheld: null, lapsed: { run: expect.any(String) } });
  expect(await campus.serving('web-3')).toEqual({ backend: '1.0.0', frontend: '1.0.0', unit: 'active' });

  await campus.lab.fault('web-3', 'heal');
  expect(['PARTIAL', 'ROLLED_BACK']).toContain((await ended(run)).outcome);
  await untilAtPeace(campus);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  await campus.release('1.3.0');
  expect(await campus.deploy('1.3.0')).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
}, 240_000);
