import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { CampusLab, ended, until } from './campus-lab.js';
import {
  environmentStatus,
  evictHost,
  healAll,
  IMPATIENT,
  inspectHost,
  recover,
  rewriteConfig,
  untilAtPeace,
  untilRuns,
} from './lost-hosts.js';
import { OutsideWatch } from './outside-watch.js';

const SLOW = { misbehave: 'slow-start', seconds: 60 } as const;

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open({ policy: IMPATIENT });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 120_000);
// Not after each: the host stays dead from one test to the next.
afterAll(async () => {
  await healAll(campus);
  await campus.close();
}, 120_000);

/** The releases that the other hosts serve. */
async function servedBesides(host: string): Promise<string[]> {
  const others = campus.webHosts.filter((name) => name !== host);
  const served = await Promise.all(others.map((name) => campus.serving(name)));
  return [...new Set(served.flatMap(({ backend, frontend }) => [backend, frontend]))];
}

/** Whom a host asks at its next boot, by the newest slot of its ledger. */
async function peersOn(host: string): Promise<string[]> {
  const { stdout } = await campus.lab.run(host, ['cat', '/var/lib/safeguard/campus-production/ledger']);
  const slots = [...stdout.matchAll(/^\0*[0-9a-f]{64} (\{.*\})$/gm)].map(
    ([, body = '{}']) => JSON.parse(body) as { readonly sequence: number; readonly peers: string[] },
  );
  const [newest] = slots.sort((one, other) => other.sequence - one.sequence);
  return [...(newest?.peers ?? [])].sort();
}

test('a host that never comes back is evicted, and deployments go through without it', async () => {
  await campus.release('1.1.0', SLOW);
  const run = await campus.start('1.1.0');
  await untilRuns(campus, '1.1.0', ['web-2']);
  await campus.lab.fault('web-2', 'power-loss');
  await campus.abort(run, 'web-2 is gone');
  expect(await ended(run)).toMatchObject({ outcome: 'PARTIAL' });

  await evictHost(campus, 'web-2');
  await untilAtPeace(campus);
  for (const version of ['1.2.0', '1.3.0']) {
    await campus.release(version);
    const next = await campus.deploy(version);
    expect(next).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
    expect(next.message).toContain('on all 2 hosts');
    expect(await servedBesides('web-2')).toEqual([version]);
  }
}, 240_000);

test('while it does not answer it can’t rejoin, and nobody waits for it', async () => {
  await expect(recover(campus, { kind: 'rejoin', host: 'web-2' })).rejects.toMatchObject({
    cause: { type: 'HOST_UNREACHABLE', message: expect.stringContaining('web-2') },
  });
  const { holder, quarantine, history } = await environmentStatus(campus);
  expect({ holder, quarantine }).toEqual({ holder: null, quarantine: null });
  expect(history[0]?.outcome).toBe('REFUSED');
}, 60_000);

test('when it is started two releases later it serves nothing, and is seen to be out of traffic', async () => {
  expect((await environmentStatus(campus)).evicted['web-2']?.withdrawn).toBe(false);
  const watch = new OutsideWatch(campus.lab.host('web-2').address);
  await campus.lab.fault('web-2', 'start');
  await until(
    'it is out of traffic',
    async () => (await environmentStatus(campus)).evicted['web-2']?.withdrawn,
  );
  await watch.stop();
  expect(watch.answers).toEqual([]);
  expect((await inspectHost(campus, 'web-2')).withheld).toContain('evicted');
  expect(await servedBesides('web-2')).toEqual(['1.3.0']);
}, 120_000);

test('rejoin brings it to the committed release, and it counts again', async () => {
  const watch = new OutsideWatch(campus.lab.host('web-2').address);
  const result = await recover(campus, { kind: 'rejoin', host: 'web-2' });
  expect(result).toMatchObject({ outcome: 'SUCCEEDED' });
  await until('web-2 serves', () => Promise.resolve(watch.servesWhole));
  await watch.stop();
  expect(watch.versions).toEqual(['1.3.0']);
  const { evicted, hosts } = await environmentStatus(campus);
  expect(evicted).toEqual({});
  expect(hosts.map(({ name }) => name).sort()).toEqual(campus.webHosts);
  const others = campus.webHosts.filter((name) => name !== 'web-2');
  expect(await peersOn('web-2')).toEqual(others.map((name) => campus.lab.host(name).address));
  await campus.release('1.4.0');
  const next = await campus.deploy('1.4.0');
  expect(next.message).toContain('on all 3 hosts');
  expect(await campus.servedEverywhere()).toBe('1.4.0');
}, 120_000);

test('an eviction while the way back waits for the host ends the waiting at once', async () => {
  const config = await readFile(campus.configFile, 'utf8');
  await rewriteConfig(campus, config.replace('rollback: 10s', 'rollback: 30m'));
  await campus.release('1.5.0', SLOW);
  const run = await campus.start('1.5.0');
  await untilRuns(campus, '1.5.0', ['web-3']);
  await campus.lab.fault('web-3', 'power-loss');
  await campus.abort(run, 'web-3 is gone');
  await until('only web-3 is waited for', async () => {
    const { steps } = await campus.progress(run);
    const restore = steps.find(({ title }) => title.startsWith('restore'));
    return restore?.hosts['web-1'] === 'done' && restore.hosts['web-2'] === 'done';
  });
  await evictHost(campus, 'web-3');

  const evictedAt = Date.now();
  expect(await ended(run)).toMatchObject({ status: 'FAILED', outcome: 'ROLLED_BACK' });
  // A try that is under way is awaited; the restored release is judged after that.
  expect(Date.now() - evictedAt).toBeLessThan(30_000);
  expect((await environmentStatus(campus)).quarantine).toBeNull();
  expect(await servedBesides('web-3')).toEqual(['1.4.0']);
}, 120_000);
